//! An appointment of a person with a practitioner.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::vocabulary::{person, text};
use crate::{FieldName, Identifier, Kind, Parents, Record, Role, Schema};

/// The kind.
pub const KIND: Kind = Kind::from_static("appointment");

/// When it begins; see [`instant`].
pub const START: FieldName = FieldName::from_static("start");
/// When it ends; see [`instant`].
pub const END: FieldName = FieldName::from_static("end");
/// What became of it: one of the names in [`status`].
pub const STATUS: FieldName = FieldName::from_static("status");
/// With whom, by the name that the practice's configuration gives the practitioner's calendar.
pub const PRACTITIONER: FieldName = FieldName::from_static("practitioner");
/// Which service, by the name that the practice's configuration gives it.
pub const SERVICE: FieldName = FieldName::from_static("service");
/// What people see in a calendar. Never a diagnosis, a patient number or an id.
pub const TITLE: FieldName = FieldName::from_static("title");
/// A note.
pub const NOTE: FieldName = FieldName::from_static("note");

/// What became of an appointment.
pub mod status {
    /// It is in the calendar.
    pub const PLANNED: &str = "planned";
    /// The person said that they will come.
    pub const CONFIRMED: &str = "confirmed";
    /// The person came.
    pub const ATTENDED: &str = "attended";
    /// The person did not come.
    pub const NO_SHOW: &str = "no_show";
    /// It does not take place.
    pub const CANCELLED: &str = "cancelled";

    /// All of them.
    pub const ALL: [&str; 5] = [PLANNED, CONFIRMED, ATTENDED, NO_SHOW, CANCELLED];
}

/// What bears this mark is still to be kept: it may be created on the other side, and is cancelled there when it goes.
pub const OPEN: &str = "open";

/// What an appointment can be recognised by.
pub mod scheme {
    /// The person's link, the start and the practitioner together. Proof, and enough.
    pub const SLOT: &str = "slot";
}

/// An instant in canonical format: RFC 3339 in UTC, to the second.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// use sync_core::vocabulary::appointment::instant;
///
/// assert_eq!(instant(Utc.timestamp_opt(1_772_438_400, 0).unwrap()), "2026-03-02T08:00:00Z");
/// ```
#[must_use]
pub fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads an instant, with whatever offset it is written. `None` for what is none: a time without an offset says
/// nothing about when it is.
///
/// ```
/// use sync_core::vocabulary::appointment::{instant, parse};
///
/// assert_eq!(parse("2026-03-02T09:00:00+01:00").map(instant).as_deref(), Some("2026-03-02T08:00:00Z"));
/// assert_eq!(parse("2026-03-02T09:00:00"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| time.to_utc())
}

/// How appointments compare, and how they are recognised: one person has one appointment with one practitioner at
/// one time. Persons compare by their links, so two systems may know the person by different ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppointmentSchema;

impl AppointmentSchema {
    /// The version of the rules in this module; it rises with every change to them.
    pub const VERSION: u32 = 1;
}

impl Schema for AppointmentSchema {
    fn kind(&self) -> &Kind {
        static APPOINTMENT: Kind = KIND;
        &APPOINTMENT
    }

    fn parents(&self) -> &[Kind] {
        static PARENTS: [Kind; 1] = [person::KIND];
        &PARENTS
    }

    fn normalisation(&self) -> u32 {
        Self::VERSION
    }

    fn comparable(&self, name: &FieldName, value: &str) -> String {
        match name.as_str() {
            "start" | "end" => parse(value).map_or_else(|| text(value), instant),
            _ => text(value),
        }
    }

    fn identify(&self, record: &Record, parents: &Parents) -> Vec<Identifier> {
        let value = |name: FieldName| record.fields.get(&name).value();
        let slot = || {
            let (person, start) = (parents.get(&person::KIND)?, parse(value(START)?)?);
            let practitioner = text(value(PRACTITIONER)?);
            Some(format!("{person}/{}/{practitioner}", instant(start)))
        };
        slot().map(|text| Identifier { scheme: scheme::SLOT, text }).into_iter().collect()
    }

    fn role(&self, _scheme: &str) -> Role {
        Role::Proof
    }

    fn needed(&self) -> usize {
        1
    }

    /// A move to another time and another practitioner is everyday life, not another appointment.
    fn identity_group(&self, _name: &FieldName) -> Option<&'static str> {
        None
    }

    /// A clock that is read in another time zone shifts every appointment: better one question than a thousand people
    /// at the wrong hour.
    fn is_exact(&self, name: &FieldName) -> bool {
        [START, END].contains(name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Field, LinkId};

    fn appointment(start: &str, practitioner: &str) -> Record {
        let mut record = Record::new(KIND, "1".into());
        record.fields.set(START, Field::Value(start));
        record.fields.set(PRACTITIONER, Field::Value(practitioner));
        record
    }

    fn slot(record: &Record, person: Option<u8>) -> Option<String> {
        let parents = person.map(|person| (person::KIND, LinkId::from_bytes([person; 16]))).into_iter().collect();
        AppointmentSchema.identify(record, &parents).into_iter().next().map(|identifier| identifier.text)
    }

    #[test]
    fn one_slot_of_one_person_is_one_appointment() {
        let here = slot(&appointment("2026-03-02T09:00:00+01:00", "anna"), Some(1));
        assert!(here.is_some());
        assert_eq!(slot(&appointment("2026-03-02T08:00:00Z", "anna"), Some(1)), here, "the same instant");
        assert_ne!(slot(&appointment("2026-03-02T08:00:00Z", "anna"), Some(2)), here, "another person");
        assert_ne!(slot(&appointment("2026-03-02T08:00:00Z", "beat"), Some(1)), here, "another practitioner");
    }

    #[test]
    fn without_person_start_or_practitioner_nothing_is_recognised() {
        assert_eq!(slot(&appointment("2026-03-02T08:00:00Z", "anna"), None), None);
        assert_eq!(slot(&appointment("tomorrow", "anna"), Some(1)), None);
        assert_eq!(slot(&appointment("2026-03-02T08:00:00Z", " "), Some(1)), None);
    }

    proptest! {
        #[test]
        fn any_text_compares_with_itself_and_an_instant_survives(text in ".{0,30}", seconds in -10_000_000_000i64..10_000_000_000) {
            let once = AppointmentSchema.comparable(&START, &text);
            prop_assert_eq!(AppointmentSchema.comparable(&START, &once), once);
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(parse(&instant(time)), Some(time));
        }
    }
}
