//! What a webhook says.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::{Appointment, Contact};

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its type as GHL names it, such as `ContactUpdate`.
    pub name: String,
    /// What most events have around what they say.
    pub envelope: Envelope,
    /// What it is about.
    pub subject: Subject,
}

/// What is around an event. GHL's pages about the events show hardly any of it; it was seen in practice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The same for all deliveries of one event.
    pub webhook_id: Option<String>,
    /// When it was sent. A delivery that is tried again for hours may still carry its first time.
    pub timestamp: Option<DateTime<Utc>>,
    /// The location.
    pub location_id: Option<String>,
    /// The agency.
    pub company_id: Option<String>,
    /// The app that it is sent to.
    pub app_id: Option<String>,
    /// The version of that app.
    pub version_id: Option<String>,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// A contact.
    Contact {
        /// What happened to it.
        change: ContactChange,
        /// The contact.
        contact_id: String,
        /// The contact as the event shows it, if it can be read. What it does not show may exist all the same.
        contact: Option<Box<Contact>>,
    },
    /// An appointment. Blocked slots have no events.
    Appointment {
        /// What happened to it.
        change: AppointmentChange,
        /// The appointment.
        appointment_id: String,
        /// The calendar it stands in.
        calendar_id: Option<String>,
        /// The contact who comes.
        contact_id: Option<String>,
        /// The appointment as the event shows it, if it can be read.
        appointment: Option<Box<Appointment>>,
    },
    /// The app was installed: in the location that the envelope names, or in the agency if it names none.
    Install(Install),
    /// The app was removed from the location or the agency that the envelope names.
    Uninstall,
    /// A location, which the envelope names. No event tells of its deletion.
    Location {
        /// What happened to it.
        change: Change,
    },
    /// A note about a contact. Its text is not read.
    Note {
        /// What happened to it.
        change: Change,
        /// The note.
        note_id: String,
        /// The contact.
        contact_id: Option<String>,
    },
    /// A task.
    Task {
        /// What happened to it.
        change: TaskChange,
        /// The task.
        task_id: String,
        /// The contact; GHL has been seen to leave it out although it documents it.
        contact_id: Option<String>,
    },
    /// A user.
    User {
        /// What happened to them.
        change: Change,
        /// The user.
        user_id: String,
        /// Their role, such as `admin`.
        role: Option<String>,
        /// The locations they may enter.
        locations: Vec<String>,
    },
    /// Something else; [`Event::name`] says what.
    Other,
}

/// What happened to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContactChange {
    /// It was created.
    Created,
    /// Some of its values changed; not every change is told.
    Updated,
    /// Tags were added or removed.
    Tagged,
    /// It wants to be disturbed less, or more again.
    DndChanged,
    /// It was deleted.
    Deleted,
}

/// What happened to an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppointmentChange {
    /// It was booked.
    Created,
    /// Some of its values changed; a cancellation is such a change.
    Updated,
    /// It was deleted.
    Deleted,
}

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It was created.
    Created,
    /// Some of its values changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// What happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskChange {
    /// It was created.
    Created,
    /// It is done.
    Completed,
    /// It was deleted.
    Deleted,
}

/// An installation. What GHL does by itself for new locations names neither user nor agency. Its debug output shows no names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Install {
    /// The user who installed it.
    pub user_id: Option<String>,
    /// Where it was installed, as GHL calls it.
    pub install_type: Option<String>,
    /// The plan that was chosen.
    pub plan_id: Option<String>,
    /// The name of the agency.
    pub company_name: Option<String>,
    /// The domain of an agency with its own brand.
    pub whitelabel_domain: Option<String>,
    /// Whether it is on trial.
    pub on_trial: Option<bool>,
}

impl fmt::Debug for Install {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Install").field("user_id", &self.user_id).field("on_trial", &self.on_trial).finish_non_exhaustive()
    }
}
