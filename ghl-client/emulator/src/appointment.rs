//! Appointments and blocked slots as GHL keeps them.

use chrono::{DateTime, Utc};

use crate::booking::Draft;

/// What has become of an appointment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppointmentStatus {
    /// Booked and not confirmed.
    New,
    /// It will take place.
    #[default]
    Confirmed,
    /// It will not, and its slot is free.
    Cancelled,
    /// The contact came.
    Showed,
    /// The contact did not come.
    NoShow,
    /// Booked by mistake; its slot is free.
    Invalid,
    /// It has taken place. Only v3 can write it.
    Completed,
    /// It takes place. Only v3 can write it.
    Active,
}

impl AppointmentStatus {
    pub(crate) const DATED: &'static [Self] = &[Self::New, Self::Confirmed, Self::Cancelled, Self::Showed, Self::NoShow, Self::Invalid];
    pub(crate) const V3: &'static [Self] =
        &[Self::New, Self::Confirmed, Self::Cancelled, Self::Showed, Self::NoShow, Self::Invalid, Self::Completed, Self::Active];

    /// As the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Showed => "showed",
            Self::NoShow => "noshow",
            Self::Invalid => "invalid",
            Self::Completed => "completed",
            Self::Active => "active",
        }
    }

    fn frees_its_slot(self) -> bool {
        matches!(self, Self::Cancelled | Self::Invalid)
    }
}

/// An appointment. Empty texts are `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appointment {
    /// The id that GHL gave.
    pub id: String,
    /// The calendar it stands in.
    pub calendar_id: String,
    /// The contact who comes.
    pub contact_id: String,
    /// The user it is assigned to.
    pub assigned_user_id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// What has become of it.
    pub status: AppointmentStatus,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// Where it takes place.
    pub address: Option<String>,
    /// Its description, which the answer to a write does not show.
    pub description: Option<String>,
    /// Where it was booked.
    pub source: String,
    /// Whether it was deleted. It is kept because v3 may still show it.
    pub deleted: bool,
    /// When it was created.
    pub date_added: DateTime<Utc>,
    /// When it last changed.
    pub date_updated: DateTime<Utc>,
}

/// A time in which nobody can book, in a calendar or with a user.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) calendar_id: Option<String>,
    pub(crate) assigned_user_id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

impl Appointment {
    /// Takes over what the draft names. An empty text clears; the contact stays.
    pub(crate) fn apply(&mut self, draft: &Draft) {
        if let Some(calendar_id) = &draft.calendar_id {
            self.calendar_id.clone_from(calendar_id);
        }
        // A move without an end keeps the length, as dragging it in the calendar does.
        if let Some(start) = draft.start {
            let length = self.end - self.start;
            self.start = start.to_utc();
            self.end = self.start + length;
        }
        self.end = draft.end.unwrap_or(self.end);
        self.status = draft.status.unwrap_or(self.status);
        for (text, new) in [
            (&mut self.title, &draft.title),
            (&mut self.address, &draft.address),
            (&mut self.description, &draft.description),
            (&mut self.assigned_user_id, &draft.assigned_user_id),
        ] {
            if let Some(new) = new {
                *text = Some(new.clone()).filter(|new| !new.is_empty());
            }
        }
    }

    /// Whether it keeps others from booking its time.
    pub(crate) fn takes_its_slot(&self) -> bool {
        !self.deleted && !self.status.frees_its_slot()
    }
}
