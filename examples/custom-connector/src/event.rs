//! An appointment as an event in an iCalendar file.

use std::fmt::{self, Write};

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarProperty, ICalendarStatus, ICalendarValue};
use calcard::{Entry, Parser};
use chrono::{DateTime, TimeZone, Utc};
use sync_core::vocabulary::appointment::status;
use sync_core::vocabulary::{appointment, person};
use sync_core::{Field, FieldName, Record, RecordId, Result, Token};

use crate::page::{Page, TOKEN, refused, unreadable};
use crate::sheet::{Property, Sheet};

/// The property that names the person's file, without its ending.
const PERSON: &str = "X-PERSON";
const PRACTITIONER: &str = "X-PRACTITIONER";

/// A file with one event.
pub(crate) struct Event {
    sheet: Sheet<ICalendarEntry>,
    start: DateTime<Utc>,
    end: Option<DateTime<Utc>>,
}

/// A file with an event that has nothing but a name and a start, which the draft replaces.
pub(crate) fn blank(id: &RecordId) -> String {
    let head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//sync-core//custom-connector//EN\r\nBEGIN:VEVENT\r\n";
    format!("{head}UID:{id}\r\nDTSTART:19700101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

/// Reads a file.
///
/// # Errors
/// When it is not exactly one event, or nobody can say when that is.
pub(crate) fn open(text: &str) -> Result<Box<dyn Page>> {
    let mut parser = Parser::new(text);
    let (Entry::ICalendar(calendar), Entry::Eof) = (parser.entry(), parser.entry()) else {
        return Err(unreadable("the file is not one iCalendar object"));
    };
    let mut events = calendar.components.iter().filter(|component| component.component_type.is_event());
    let (Some(event), None) = (events.next(), events.next()) else { return Err(unreadable("the file does not have exactly one event")) };
    if event.is_recurrent_or_override() {
        return Err(unreadable("the event is a series, which is not one appointment"));
    }
    let zones = calendar.build_tz_resolver();
    let start = instant(event, &ICalendarProperty::Dtstart, &zones)?.ok_or_else(|| unreadable("the event has no start"))?;
    let end = match instant(event, &ICalendarProperty::Dtend, &zones)? {
        None => duration(event).and_then(|duration| start.checked_add_signed(duration)),
        end => end,
    };
    let sheet = Sheet::new(text, "VEVENT", event.entries.clone());
    let sheet = sheet.ok_or_else(|| unreadable("the event has lines that are no properties"))?;
    Ok(Box::new(Event { sheet, start, end }))
}

/// When a property says that something is. A time in no zone says nothing about when it is, and neither does a whole day.
fn instant(event: &ICalendarComponent, property: &ICalendarProperty, zones: &TzResolver<&str>) -> Result<Option<DateTime<Utc>>> {
    let Some(entry) = event.property(property) else { return Ok(None) };
    let resolve = || {
        let partial = entry.values.first()?.as_partial_date_time().filter(|partial| partial.hour.is_some())?;
        let local = partial.to_date_time()?;
        let zone = match local.offset {
            Some(offset) => Tz::Fixed(offset),
            None => zones.resolve(entry.tz_id()?)?,
        };
        // An hour that the clocks pass twice means the first time (RFC 5545, 3.3.5).
        zone.from_local_datetime(&local.date_time).earliest().map(|time| time.to_utc())
    };
    resolve().map(Some).ok_or_else(|| unreadable("the event has a time without a known time zone"))
}

fn duration(event: &ICalendarComponent) -> Option<chrono::TimeDelta> {
    match event.property(&ICalendarProperty::Duration)?.values.first()? {
        ICalendarValue::Duration(duration) => duration.to_time_delta(),
        _ => None,
    }
}

impl Property for ICalendarEntry {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn write(&self, mut out: &mut dyn Write) -> fmt::Result {
        self.write_to(&mut out)
    }
}

impl Event {
    fn text(&self, property: &str) -> Option<&str> {
        self.sheet.first(property)?.values.first()?.as_text()
    }

    fn status(&self) -> Option<String> {
        let text = self.text("STATUS")?;
        Some(match text {
            "TENTATIVE" => status::PLANNED.to_owned(),
            // `CONFIRMED` and `CANCELLED` are the vocabulary's own words; what people invented stays text.
            _ => text.to_lowercase(),
        })
    }

    fn set(&mut self, property: ICalendarProperty, value: Option<ICalendarValue>) {
        let Some(value) = value else { return self.sheet.remove(property.as_str()) };
        self.sheet.edit(ICalendarEntry::new(property), |entry| entry.values = vec![value]);
    }

    fn set_time(&mut self, property: ICalendarProperty, time: DateTime<Utc>) {
        self.sheet.edit(ICalendarEntry::new(property), |entry| {
            // It is written in UTC: the zone it was in goes.
            entry.params.retain(|param| !matches!(param.name, ICalendarParameterName::Tzid | ICalendarParameterName::Value));
            entry.values = vec![PartialDateTime::from_utc_timestamp(time.timestamp()).into()];
        });
    }

    fn put_time(&mut self, name: &FieldName, value: Option<&str>) -> Result<()> {
        let time = value.map(|value| appointment::parse(value).ok_or_else(|| refused(name, "this is no time"))).transpose()?;
        let is_start = *name == appointment::START;
        if time == if is_start { Some(self.start) } else { self.end } {
            return Ok(());
        }
        // An end that is told by a duration would move with the start.
        if let (Some(end), Some(_)) = (self.end, self.sheet.first("DURATION")) {
            self.sheet.remove("DURATION");
            self.set_time(ICalendarProperty::Dtend, end);
        }
        match time {
            Some(time) if is_start => {
                self.start = time;
                self.set_time(ICalendarProperty::Dtstart, time);
            }
            None if is_start => return Err(refused(name, "an event has a start")),
            Some(time) => self.set_time(ICalendarProperty::Dtend, time),
            None => self.sheet.remove("DTEND"),
        }
        if !is_start {
            self.end = time;
        }
        Ok(())
    }

    fn put_status(&mut self, name: &FieldName, value: Option<&str>) -> Result<()> {
        let status = match value {
            None => None,
            Some(status::PLANNED) => Some(ICalendarStatus::Tentative),
            Some(status::CONFIRMED) => Some(ICalendarStatus::Confirmed),
            Some(status::CANCELLED) => Some(ICalendarStatus::Cancelled),
            // The format does not know whether somebody came. What it cannot say is refused, not rounded.
            Some(_) => return Err(refused(name, "an event in a calendar cannot have this status")),
        };
        self.set(ICalendarProperty::Status, status.map(ICalendarValue::Status));
        Ok(())
    }
}

impl Page for Event {
    fn show(&self, record: &mut Record) {
        let fields = &mut record.fields;
        let status = self.status();
        fields.set(appointment::START, Field::Value(&appointment::instant(self.start)));
        fields.set_or_empty(appointment::END, self.end.map(appointment::instant).as_deref());
        fields.set_or_empty(appointment::STATUS, status.as_deref());
        fields.set_or_empty(appointment::TITLE, self.text("SUMMARY"));
        fields.set_or_empty(appointment::NOTE, self.text("DESCRIPTION"));
        fields.set_or_empty(appointment::PRACTITIONER, self.text(PRACTITIONER));
        if status.as_deref() != Some(status::CANCELLED) {
            record.marks.insert(appointment::OPEN.into());
        }
        if let Some(person) = self.text(PERSON) {
            record.references.insert(person::KIND, person.into());
        }
        record.token = self.text(TOKEN).and_then(|token| token.parse().ok());
    }

    fn put(&mut self, name: &FieldName, value: Option<&str>) -> Result<()> {
        let (property, before) = match name.as_str() {
            "start" | "end" => return self.put_time(name, value),
            "status" if self.status().as_deref() == value => return Ok(()),
            "status" => return self.put_status(name, value),
            "title" => (ICalendarProperty::Summary, self.text("SUMMARY")),
            "note" => (ICalendarProperty::Description, self.text("DESCRIPTION")),
            "practitioner" => (ICalendarProperty::Other(PRACTITIONER.to_owned()), self.text(PRACTITIONER)),
            _ => return Err(refused(name, "an event has no place for this field")),
        };
        if before != value {
            self.set(property, value.map(ICalendarValue::from));
        }
        Ok(())
    }

    fn carry(&mut self, token: Token) {
        self.set(ICalendarProperty::Other(TOKEN.to_owned()), Some(token.to_string().into()));
    }

    fn refer(&mut self, person: &RecordId) -> Result<()> {
        self.set(ICalendarProperty::Other(PERSON.to_owned()), Some(person.as_str().into()));
        Ok(())
    }

    fn stamp(&mut self, now: DateTime<Utc>) {
        self.set_time(ICalendarProperty::Dtstamp, now);
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sheet.fmt(f)
    }
}
