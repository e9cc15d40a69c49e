//! What staff do in the user interface.

mod calendar;

use crate::emulator::Inner;
use crate::{NewPatient, Patient};

/// What staff do in the user interface: straight on the state, without HTTP and journal. Changes
/// that name a patient, or a request, that is not there answer `false` or `None`.
#[derive(Clone, Copy, Debug)]
pub struct Practice<'a> {
    inner: &'a Inner,
}

impl<'a> Practice<'a> {
    pub(crate) fn new(inner: &'a Inner) -> Self {
        Self { inner }
    }

    /// Creates a patient, who is listed at once, and gives the id.
    pub fn create(&self, patient: NewPatient) -> u64 {
        let now = self.inner.now();
        self.inner.state().patients.insert(patient.into(), now, now)
    }

    /// Creates so many invented patients, the same ones for the same seed, and gives their ids.
    /// Some of them share a phone or an e-mail address, some lack one or the other.
    pub fn populate(&self, count: u64) -> Vec<u64> {
        let seed = self.inner.config.seed;
        (0..count).map(|number| self.create(NewPatient::synthetic(seed, number))).collect()
    }

    /// Changes a patient. `change` must not call the emulator, which waits for it.
    pub fn update(&self, id: u64, change: impl FnOnce(&mut Patient)) -> bool {
        let now = self.inner.now();
        self.inner.state().patients.update(id, now, change).is_some()
    }

    /// Moves `updatedInternally` and nothing else, as a vendor's own housekeeping does.
    pub fn touch(&self, id: u64) -> bool {
        self.update(id, |_| {})
    }

    /// Makes a patient inactive.
    pub fn deactivate(&self, id: u64) -> bool {
        let inactive = self.inner.config.quirks.inactive_status;
        self.update(id, |patient| patient.status = inactive)
    }

    /// Makes a patient active again.
    pub fn reactivate(&self, id: u64) -> bool {
        self.update(id, |patient| patient.status = Patient::ACTIVE)
    }

    /// Deletes a patient. The id is never given again.
    pub fn delete(&self, id: u64) -> bool {
        self.inner.state().patients.delete(id).is_some()
    }

    /// The requests that wait for approval; the `id` of each is the request's.
    #[must_use]
    pub fn requests(&self) -> Vec<Patient> {
        self.inner.state().patients.requests()
    }

    /// Makes a patient of a request, and gives the patient's id, which is another one.
    pub fn approve(&self, request: u64) -> Option<u64> {
        let now = self.inner.now();
        self.inner.state().patients.approve(request, now)
    }

    /// Drops a request.
    pub fn reject(&self, request: u64) -> bool {
        self.inner.state().patients.reject(request).is_some()
    }

    /// All patients in the order of their ids, inactive ones too.
    #[must_use]
    pub fn patients(&self) -> Vec<Patient> {
        self.inner.state().patients.all()
    }

    /// One patient.
    #[must_use]
    pub fn patient(&self, id: u64) -> Option<Patient> {
        self.inner.state().patients.get(id).map(|patient| Patient::clone(&patient))
    }
}
