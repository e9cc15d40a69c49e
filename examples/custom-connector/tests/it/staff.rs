//! People who keep their files with other programs. How these write comes from the RFCs, not from the connector.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use sync_core::testing::Staff;
use sync_core::vocabulary::{appointment, person};
use sync_core::{Field, FieldName, Fields, Kind, RecordId};
use tempfile::TempDir;

/// Which programs they use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// The newest formats, nothing that is not needed, and times in UTC.
    Plain,
    /// Old formats, plain line ends, folded lines, time zones, and properties that nobody else knows.
    Rich,
}

/// What is in a file, and whom it is about.
type File = (Fields, BTreeMap<Kind, RecordId>);

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    habit: Habit,
    files: Mutex<BTreeMap<PathBuf, File>>,
}

impl Desk {
    pub(crate) fn new(habit: Habit) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), habit, files: Mutex::default() }
    }

    fn file(&self, kind: &Kind, id: &RecordId) -> PathBuf {
        let ending = if *kind == person::KIND { "vcf" } else { "ics" };
        self.folder.path().join(format!("{id}.{ending}"))
    }

    pub(crate) fn enter(&self, kind: &Kind, fields: &Fields, references: &BTreeMap<Kind, RecordId>) -> RecordId {
        let id = RecordId::new(format!("{kind}-{}", self.files.lock().unwrap().len() + 1));
        self.save(kind, &id, fields, references);
        id
    }

    fn save(&self, kind: &Kind, id: &RecordId, fields: &Fields, references: &BTreeMap<Kind, RecordId>) {
        let text = match (*kind == person::KIND, self.habit) {
            (true, Habit::Plain) => plain_card(fields),
            (true, Habit::Rich) => rich_card(fields),
            (false, habit) => event(fields, references.get(&person::KIND), habit),
        };
        fs::write(self.file(kind, id), text).unwrap();
        self.files.lock().unwrap().insert(self.file(kind, id), (fields.clone(), references.clone()));
    }
}

#[async_trait]
impl Staff for Desk {
    async fn create(&self, kind: &Kind, fields: &Fields, references: &BTreeMap<Kind, RecordId>) -> RecordId {
        self.enter(kind, fields, references)
    }

    async fn edit(&self, kind: &Kind, id: &RecordId, name: &FieldName, field: Field<&str>) {
        let (mut fields, references) = self.files.lock().unwrap()[&self.file(kind, id)].clone();
        fields.set(name.clone(), field);
        self.save(kind, id, &fields, &references);
    }

    async fn remove(&self, kind: &Kind, id: &RecordId) {
        fs::remove_file(self.file(kind, id)).unwrap();
    }

    async fn approve(&self, _kind: &Kind, _id: &RecordId) {
        unreachable!("a folder accepts everything at once")
    }

    async fn pass(&self, _time: Duration) {}

    fn unused_id(&self, kind: &Kind) -> RecordId {
        RecordId::new(format!("{kind}-999"))
    }
}

fn escaped(fields: &Fields, name: &FieldName) -> String {
    let text = fields.get(name).value().unwrap_or_default();
    text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;").replace('\n', "\\n")
}

fn name_of(fields: &Fields) -> String {
    let value = |name| escaped(fields, &name);
    format!("{};{};;{};", value(person::FAMILY_NAME), value(person::GIVEN_NAME), value(person::SALUTATION))
}

fn address(fields: &Fields) -> String {
    let value = |name| escaped(fields, &name);
    let (street, city, code, country) = (value(person::STREET), value(person::CITY), value(person::POSTAL_CODE), value(person::COUNTRY));
    format!(";;{street};{city};;{code};{country}")
}

/// RFC 6350, without lines for what is empty.
fn plain_card(fields: &Fields) -> String {
    let value = |name| escaped(fields, &name);
    let mut text = format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:{}\r\nN:{}\r\n", value(person::FAMILY_NAME), name_of(fields));
    let lines = [
        ("EMAIL", value(person::EMAIL)),
        ("TEL;VALUE=uri;TYPE=cell", value(person::PHONE).replace('+', "tel:+")),
        ("BDAY", value(person::BIRTH_DATE).replace('-', "")),
        ("ADR;TYPE=home", address(fields)),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| value.contains(|c| c != ';')) {
        text += &format!("{name}:{value}\r\n");
    }
    text + "END:VCARD\r\n"
}

/// RFC 2426, with a line for everything.
fn rich_card(fields: &Fields) -> String {
    let value = |name| escaped(fields, &name);
    let (email, phone, born) = (value(person::EMAIL), value(person::PHONE), value(person::BIRTH_DATE));
    format!(
        "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Desk//EN\nFN:Frau Dr. X\nN:{}\nitem1.EMAIL;TYPE=INTERNET,\n PREF:{email}\n\
         item1.X-ABLABEL:_$!<Work>!$_\nTEL;TYPE=CELL,VOICE:{phone}\nBDAY;VALUE=date:{born}\nADR;TYPE=HOME:{}\n\
         PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAg\n ICAwMDAwQGBAQEBAQIBgYFBg==\nX-DESK:a,b;c\nEND:VCARD\n",
        name_of(fields),
        address(fields),
    )
}

const ZURICH: &str = "BEGIN:VTIMEZONE\nTZID:Europe/Zurich\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\n\
     TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n";
const ALARM: &str = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:soon\nTRIGGER:-PT15M\nEND:VALARM\n";

/// RFC 5545.
fn event(fields: &Fields, person: Option<&RecordId>, habit: Habit) -> String {
    let is_rich = habit == Habit::Rich;
    let time = |property: &str, name: FieldName| {
        let Some(text) = fields.get(&name).value() else { return String::new() };
        let time = DateTime::parse_from_rfc3339(text).unwrap();
        if is_rich {
            format!("{property};TZID=Europe/Zurich:{}\n", time.with_timezone(&chrono_tz::Europe::Zurich).format("%Y%m%dT%H%M%S"))
        } else {
            format!("{property}:{}\n", time.to_utc().format("%Y%m%dT%H%M%SZ"))
        }
    };
    let line = |property: &str, value: String| if value.is_empty() { value } else { format!("{property}:{value}\n") };
    let status = escaped(fields, &appointment::STATUS).replace(appointment::status::PLANNED, "tentative").to_uppercase();
    let text = [
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Desk//EN\n".to_owned(),
        if is_rich { ZURICH.to_owned() } else { String::new() },
        "BEGIN:VEVENT\nUID:desk\nDTSTAMP:20260101T000000Z\n".to_owned(),
        time("DTSTART", appointment::START),
        time("DTEND", appointment::END),
        line("STATUS", status),
        line("SUMMARY", escaped(fields, &appointment::TITLE)),
        line("DESCRIPTION", escaped(fields, &appointment::NOTE)),
        line("X-PRACTITIONER", escaped(fields, &appointment::PRACTITIONER)),
        line("X-PERSON", person.map(ToString::to_string).unwrap_or_default()),
        if is_rich { format!("X-DESK:a,b;c\n{ALARM}") } else { String::new() },
        "END:VEVENT\nEND:VCALENDAR\n".to_owned(),
    ];
    text.concat()
}
