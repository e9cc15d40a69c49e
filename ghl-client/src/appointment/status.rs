//! What becomes of an appointment.

use serde::Serialize;

/// The status that an appointment can be given, under every version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppointmentStatus {
    /// Booked, and nobody has confirmed it yet.
    New,
    /// It will take place.
    Confirmed,
    /// It will not. It stays in the calendar and frees its slot.
    Cancelled,
    /// The contact came.
    Showed,
    /// The contact did not come.
    NoShow,
    /// Booked by mistake.
    Invalid,
}

impl AppointmentStatus {
    const ALL: [Self; 6] = [Self::New, Self::Confirmed, Self::Cancelled, Self::Showed, Self::NoShow, Self::Invalid];

    /// As it stands in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Showed => "showed",
            Self::NoShow => "noshow",
            Self::Invalid => "invalid",
        }
    }
}

/// The status that an answer shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ShownStatus {
    /// One that can also be given.
    Known(AppointmentStatus),
    /// Another one, such as `booked` in older answers, or `active` and `completed` under v3.
    Other(String),
}

impl From<String> for ShownStatus {
    /// Upper and lower case are one: the user interface and its workflows write `Confirmed`.
    fn from(text: String) -> Self {
        let known = AppointmentStatus::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(&text));
        known.map_or(Self::Other(text), Self::Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back_as_it_is_written() {
        for status in AppointmentStatus::ALL {
            let written = serde_json::to_value(status).unwrap();
            assert_eq!(written, status.as_str());
            assert_eq!(ShownStatus::from(status.as_str().to_uppercase()), ShownStatus::Known(status));
        }
        assert_eq!(ShownStatus::from("completed".to_owned()), ShownStatus::Other("completed".to_owned()));
    }
}
