//! All patients of the practice, and the requests that wait for approval.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::Patient;
use crate::chance::Ids;

/// All patients of the practice, and the requests that wait for approval.
#[derive(Debug)]
pub(crate) struct Patients {
    ids: Ids,
    // Apart from the patients' ids, so that a request's id taken for a patient's id is always found out.
    request_ids: Ids,
    rows: BTreeMap<u64, Row>,
    requests: BTreeMap<u64, Patient>,
    by_client_id: BTreeMap<String, u64>,
}

// A listing takes a snapshot of the pointers, so it is consistent and holds no lock while it is sent.
#[derive(Debug)]
struct Row {
    patient: Arc<Patient>,
    listed_from: DateTime<Utc>,
}

impl Patients {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ids: Ids::new(seed, 100_000, 900_000),
            request_ids: Ids::new(seed, 80_000_000, 9_000_000),
            rows: BTreeMap::new(),
            requests: BTreeMap::new(),
            by_client_id: BTreeMap::new(),
        }
    }

    /// Takes a patient in, under a new id.
    pub(crate) fn insert(&mut self, mut patient: Patient, now: DateTime<Utc>, listed_from: DateTime<Utc>) -> u64 {
        let id = self.ids.next();
        patient.id = id;
        patient.updated_internally = now.timestamp_millis();
        if let Some(client_id) = &patient.client_id {
            self.by_client_id.entry(client_id.clone()).or_insert(id);
        }
        self.rows.insert(id, Row { patient: Arc::new(patient), listed_from });
        id
    }

    /// Keeps a patient as a request.
    pub(crate) fn request(&mut self, mut patient: Patient) -> u64 {
        let id = self.request_ids.next();
        patient.id = id;
        if let Some(client_id) = &patient.client_id {
            self.by_client_id.entry(client_id.clone()).or_insert(id);
        }
        self.requests.insert(id, patient);
        id
    }

    /// Makes a patient of a request.
    pub(crate) fn approve(&mut self, request: u64, now: DateTime<Utc>) -> Option<u64> {
        let patient = self.reject(request)?;
        Some(self.insert(patient, now, now))
    }

    /// Drops a request.
    pub(crate) fn reject(&mut self, request: u64) -> Option<Patient> {
        let patient = self.requests.remove(&request)?;
        self.forget(patient.client_id.as_deref(), request);
        Some(patient)
    }

    /// What the first create with this client id answered.
    pub(crate) fn known(&self, client_id: &str) -> Option<u64> {
        self.by_client_id.get(client_id).copied()
    }

    /// Changes a patient; the id stays what it is.
    pub(crate) fn update(&mut self, id: u64, now: DateTime<Utc>, change: impl FnOnce(&mut Patient)) -> Option<Arc<Patient>> {
        let row = self.rows.get_mut(&id)?;
        let patient = Arc::make_mut(&mut row.patient);
        change(patient);
        patient.id = id;
        patient.updated_internally = now.timestamp_millis();
        Some(Arc::clone(&row.patient))
    }

    pub(crate) fn delete(&mut self, id: u64) -> Option<Arc<Patient>> {
        let row = self.rows.remove(&id)?;
        self.forget(row.patient.client_id.as_deref(), id);
        Some(row.patient)
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Patient>> {
        self.rows.get(&id).map(|row| Arc::clone(&row.patient))
    }

    /// All patients, listed or not yet.
    pub(crate) fn all(&self) -> Vec<Patient> {
        self.rows.values().map(|row| Patient::clone(&row.patient)).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Patient> {
        self.requests.values().cloned().collect()
    }

    /// What the list shows at `now`, of this status or of any.
    pub(crate) fn listed(&self, now: DateTime<Utc>, status: Option<i64>) -> Vec<Arc<Patient>> {
        self.rows
            .values()
            .filter(|row| row.listed_from <= now)
            .filter(|row| status.is_none_or(|wanted| row.patient.status == wanted))
            .map(|row| Arc::clone(&row.patient))
            .collect()
    }

    fn forget(&mut self, client_id: Option<&str>, id: u64) {
        let Some(client_id) = client_id else { return };
        if self.known(client_id) == Some(id) {
            self.by_client_id.remove(client_id);
        }
    }
}
