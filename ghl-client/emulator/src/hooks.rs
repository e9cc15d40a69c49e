//! Who wants to know about changes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::app::Grantor;
use crate::appointment::Appointment;
use crate::contact::Contact;

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A request to the API.
    Api,
    /// A person in the user interface.
    FrontDesk,
}

impl Origin {
    /// Where an appointment was booked, as its `createdBy` names it.
    pub(crate) fn booked_at(self) -> &'static str {
        match self {
            Self::Api => "third_party",
            Self::FrontDesk => "calendar_page",
        }
    }
}

/// What happened to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Created,
    /// Some of its values changed.
    Updated,
    /// Tags were added or removed.
    Tagged,
    /// It was deleted, or merged into another one.
    Deleted,
}

/// A change to a contact, told after it is done.
#[derive(Clone, Debug)]
pub struct ContactChange {
    /// When it happened, on the emulator's clock.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub origin: Origin,
    /// What happened.
    pub kind: ChangeKind,
    /// Whether its wishes about being disturbed changed.
    pub dnd_changed: bool,
    /// The contact afterwards; for a deletion, as it last was.
    pub contact: Arc<Contact>,
}

/// What happened to an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppointmentChangeKind {
    /// It was booked.
    Created,
    /// Some of its values changed; a cancellation is such a change.
    Updated,
    /// It was deleted, by itself or with its contact.
    Deleted,
}

/// A change to an appointment, told after it is done.
#[derive(Clone, Debug)]
pub struct AppointmentChange {
    /// When it happened, on the emulator's clock.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub origin: Origin,
    /// What happened.
    pub kind: AppointmentChangeKind,
    /// The appointment afterwards; for a deletion, as it last was.
    pub appointment: Arc<Appointment>,
}

/// What happened to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppChangeKind {
    /// It was installed, perhaps once more.
    Installed,
    /// It was removed.
    Uninstalled,
}

/// A change to an app, told after it is done.
#[derive(Clone, Debug)]
pub struct AppChange {
    /// When it happened, on the emulator's clock.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: AppChangeKind,
    /// The app.
    pub client_id: String,
    /// Who did it.
    pub grantor: Grantor,
}

/// Any change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Contact(ContactChange),
    Appointment(AppointmentChange),
    App(AppChange),
}

impl Change {
    pub(crate) fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Contact(change) => change.at,
            Self::Appointment(change) => change.at,
            Self::App(change) => change.at,
        }
    }
}

/// Somebody who wants to know about one kind of change, or about all.
#[derive(Clone)]
pub(crate) enum Hook {
    Contact(Arc<dyn Fn(&ContactChange) + Send + Sync>),
    Appointment(Arc<dyn Fn(&AppointmentChange) + Send + Sync>),
    App(Arc<dyn Fn(&AppChange) + Send + Sync>),
    Any(Arc<dyn Fn(&Change) + Send + Sync>),
}

impl Hook {
    fn tell(&self, change: &Change) {
        match (self, change) {
            (Self::Contact(hook), Change::Contact(change)) => hook(change),
            (Self::Appointment(hook), Change::Appointment(change)) => hook(change),
            (Self::App(hook), Change::App(change)) => hook(change),
            (Self::Any(hook), change) => hook(change),
            _ => {}
        }
    }
}

/// The hooks, called in the order in which they were added.
#[derive(Default)]
pub(crate) struct Hooks {
    list: Mutex<Vec<Hook>>,
}

impl Hooks {
    pub(crate) fn add(&self, hook: Hook) {
        self.lock().push(hook);
    }

    /// Calls every hook for every change it wants, without holding a lock, so that a hook may use the
    /// emulator.
    pub(crate) fn tell(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let hooks = self.lock().clone();
        for change in changes {
            for hook in &hooks {
                hook.tell(change);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Hook>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooks({})", self.lock().len())
    }
}
