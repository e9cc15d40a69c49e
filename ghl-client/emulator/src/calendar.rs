//! A calendar as GHL keeps it, and the slots that it offers.

use chrono::{DateTime, FixedOffset, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A new calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCalendar {
    /// Its name.
    pub name: String,
    /// The ids of the users whom its appointments can be assigned to.
    pub team: Vec<String>,
    /// The group it is in.
    pub group_id: Option<String>,
    /// The length of a slot in minutes, and the distance from one to the next.
    pub slot_minutes: u32,
    /// When the first slot of every day begins, in the location's time zone.
    pub opens: NaiveTime,
    /// When the last slot of every day has ended, in the location's time zone.
    pub closes: NaiveTime,
    /// What the titles of appointments are made of; `{{contact.name}}` stands for the contact's name.
    pub event_title: String,
    /// Whether appointments are confirmed as soon as they are booked.
    pub auto_confirm: bool,
    /// Whether it is in use, or a draft.
    pub is_active: bool,
}

impl Default for NewCalendar {
    /// Half hours from eight to six, without a team.
    fn default() -> Self {
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self {
            name: "Practice".to_owned(),
            team: Vec::new(),
            group_id: None,
            slot_minutes: 30,
            opens: hour(8),
            closes: hour(18),
            event_title: "{{contact.name}}".to_owned(),
            auto_confirm: true,
            is_active: true,
        }
    }
}

/// A calendar with its id.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub(crate) id: String,
    pub(crate) plan: NewCalendar,
}

impl Calendar {
    pub(crate) fn slot(&self) -> TimeDelta {
        TimeDelta::minutes(self.plan.slot_minutes.max(1).into())
    }

    /// The title of an appointment that was given none.
    pub(crate) fn title(&self, name: Option<&str>) -> String {
        self.plan.event_title.replace("{{contact.name}}", name.unwrap_or_default()).trim().to_owned()
    }

    /// Whether `start` is the text of a slot that this calendar offers, and the day is long enough. Slots are offered with the
    /// location's offset, and the same moment with another one has been seen to be refused.
    pub(crate) fn offers(&self, start: DateTime<FixedOffset>, end: DateTime<Utc>, zone: Tz) -> bool {
        let (first, last) = (start.with_timezone(&zone), end.with_timezone(&zone));
        let since_opening = (first.time() - self.plan.opens).num_seconds();
        zone.offset_from_utc_datetime(&start.naive_utc()).fix() == *start.offset()
            && first < last
            && since_opening >= 0
            && since_opening % self.slot().num_seconds() == 0
            && first.date_naive() == last.date_naive()
            && last.time() <= self.plan.closes
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Zurich;

    use super::*;

    #[test]
    fn a_slot_is_known_by_its_text() {
        let calendar = Calendar { id: "k".to_owned(), plan: NewCalendar::default() };
        let table = [
            ("2026-12-01T08:00:00+01:00", 30, true),
            ("2026-07-01T08:00:00+02:00", 30, true),
            ("2026-12-01T09:30:00+01:00", 210, true),
            ("2026-12-01T17:30:00+01:00", 30, true),
            ("2026-12-01T17:30:00+01:00", 60, false),
            ("2026-12-01T07:30:00+01:00", 30, false),
            ("2026-12-01T08:10:00+01:00", 30, false),
            ("2026-12-01T08:00:00+01:00", 0, false),
            ("2026-12-01T07:00:00Z", 30, false),
            ("2026-12-01T09:00:00+02:00", 30, false),
        ];
        for (start, minutes, expected) in table {
            let start: DateTime<FixedOffset> = start.parse().unwrap();
            let end = start.to_utc() + TimeDelta::minutes(minutes);
            assert_eq!(calendar.offers(start, end, Zurich), expected, "{start} {minutes}");
        }
    }
}
