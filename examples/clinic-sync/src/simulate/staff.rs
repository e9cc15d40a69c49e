//! What staff do in both systems. Every value they enter is met nowhere else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use ephysio_emulator::{NewEvent, NewPatient, Sex};
use ghl_emulator::{Appointment, AppointmentStatus, Contact, NewAppointment};
use serde_json::{Value, json};

use super::chance::locked;
use super::rules::Rules;
use super::script::{Act, Action};
use super::trace::Trace;
use crate::demo::Clinic;

/// What somebody can be told apart by, and both sides hold.
const FIELDS: [Text; 4] = [Text::Given, Text::Family, Text::Email, Text::Phone];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Given,
    Family,
    Email,
    Phone,
}

/// Who works at the clinic. Clones are the same people.
#[derive(Clone, Debug)]
pub(super) struct Staff {
    clinic: Arc<Clinic>,
    trace: Trace,
    /// What they remember of contacts that were deleted.
    deleted: Arc<Mutex<Vec<Value>>>,
    /// How they mark a contact who is to become a patient.
    tag: String,
    /// Whether they ask patients if they may be written e-mails. Two of three say yes.
    asks_consent: bool,
}

/// A pair of ids, as staff know it: the names are the same.
type Pairs = Vec<(u64, String)>;

impl Staff {
    pub(super) fn new(clinic: Arc<Clinic>, trace: Trace, rules: Option<&Rules>) -> Self {
        let tag = rules.and_then(Rules::tag).unwrap_or_else(|| "patient".to_owned());
        Self { clinic, trace, deleted: Arc::default(), tag, asks_consent: rules.is_some_and(Rules::asks_consent) }
    }

    /// Enters who is there from the start.
    pub(super) fn open(&self, people: u32, bookings: u32) {
        let patients: Vec<u64> = (0..people).map(|number| self.admit(&person(number))).collect();
        for (number, id) in (0..).zip(&patients) {
            if number % 3 == 1 {
                self.clinic.ghl.front_desk().create(contact(&person(number)));
            }
            if number % 5 != 4 {
                self.clinic.ephysio.practice().open_invoice(*id);
            }
        }
        self.clinic.ghl.front_desk().create(tagged(&person(people), "lead"));
        for number in 0..bookings {
            let pick = u64::from(number).wrapping_mul(0x9e37_79b9);
            let act = if number % 4 == 3 { Act::BookOnline } else { Act::BookEvent };
            self.act(Action { act, number: 500 + number, pick });
        }
    }

    /// Does one thing. What cannot be done, since nobody is there to whom it could be done, is left.
    pub(super) fn act(&self, action: Action) {
        let Action { act, number, pick } = action;
        self.trace.note(format_args!("staff {act:?} {number}"));
        match act {
            Act::Edit if pick % 2 == 0 => self.edit_patient(number, pick >> 1),
            Act::Edit => self.edit_contact(number, pick >> 1),
            Act::EditBoth => self.edit_both(number, number + 100_000, pick),
            Act::AgreeBoth => self.edit_both(number, number, pick),
            Act::Clear => self.clear(pick),
            Act::EditElsewhere => self.edit_elsewhere(number, pick),
            Act::NewPatient => _ = self.admit(&person(number)),
            Act::NewRelative => self.new_relative(number, pick),
            Act::NewContact => _ = self.clinic.ghl.front_desk().create(tagged(&person(number), &self.tag)),
            Act::NewLead => _ = self.clinic.ghl.front_desk().create(tagged(&person(number), "lead")),
            Act::NewOnBoth => {
                self.admit(&person(number));
                self.clinic.ghl.front_desk().create(contact(&person(number)));
            }
            Act::Merge => self.merge(pick),
            Act::Deactivate => _ = self.patient(pick).map(|id| self.clinic.ephysio.practice().deactivate(id)),
            Act::Reactivate => self.reactivate(pick),
            Act::DeletePatient => _ = self.patient(pick).map(|id| self.clinic.ephysio.practice().delete(id)),
            Act::DeleteContact => self.delete_contact(pick),
            Act::RecreateContact => self.recreate_contact(),
            Act::BookEvent => self.book_event(number, pick),
            Act::BookOnline => self.book_online(number, pick),
            Act::Move => self.shift(number, pick),
            Act::Cancel => self.cancel(pick),
            Act::Delete => self.delete_booking(pick),
            Act::Rebook => self.rebook(number, pick),
            // Done at the desk of the sync, not in the two systems.
            Act::Decide | Act::Unlink => {}
        }
    }

    fn admit(&self, person: &NewPatient) -> u64 {
        let practice = self.clinic.ephysio.practice();
        let says_yes = self.asks_consent && !practice.patients().len().is_multiple_of(3);
        practice.create(NewPatient { has_email_consent: says_yes || person.has_email_consent, ..person.clone() })
    }

    fn patient(&self, pick: u64) -> Option<u64> {
        let active = self.clinic.ephysio.practice().patients().into_iter().filter(ephysio_emulator::Patient::is_active);
        one_of(&active.map(|patient| patient.id).collect::<Vec<_>>(), pick)
    }

    fn contact(&self, pick: u64) -> Option<Contact> {
        one_of(&self.clinic.ghl.front_desk().contacts(), pick)
    }

    fn pairs(&self) -> Pairs {
        let contacts = self.clinic.ghl.front_desk().contacts();
        let by_name: BTreeMap<(Option<String>, Option<String>), String> =
            contacts.into_iter().map(|contact| ((contact.first_name, contact.last_name), contact.id)).collect();
        let patients = self.clinic.ephysio.practice().patients().into_iter();
        patients
            .filter_map(|patient| Some((patient.id, by_name.get(&(Some(patient.first_name), Some(patient.last_name)))?.clone())))
            .collect()
    }

    fn edit_patient(&self, number: u32, pick: u64) {
        let Some(id) = self.patient(pick) else { return };
        set_patient(&self.clinic, id, field(pick), &value(field(pick), number));
    }

    fn edit_contact(&self, number: u32, pick: u64) {
        let Some(contact) = self.contact(pick) else { return };
        set_contact(&self.clinic, &contact.id, field(pick), &value(field(pick), number));
    }

    fn edit_both(&self, left: u32, right: u32, pick: u64) {
        let Some((patient, contact)) = one_of(&self.pairs(), pick) else { return };
        set_patient(&self.clinic, patient, field(pick), &value(field(pick), left));
        set_contact(&self.clinic, &contact, field(pick), &value(field(pick), right));
    }

    fn clear(&self, pick: u64) {
        let text = if pick & 2 == 0 { Text::Email } else { Text::Phone };
        if pick.is_multiple_of(2) {
            _ = self.patient(pick >> 2).map(|id| set_patient(&self.clinic, id, text, ""));
        } else if let Some(contact) = self.contact(pick >> 2) {
            set_contact(&self.clinic, &contact.id, text, "");
        }
    }

    fn edit_elsewhere(&self, number: u32, pick: u64) {
        match (pick.is_multiple_of(2), self.patient(pick >> 1), self.contact(pick >> 1)) {
            (true, Some(id), _) => _ = self.clinic.ephysio.practice().update(id, |patient| patient.insurer = format!("Kasse {number}")),
            (false, _, Some(contact)) => _ = self.clinic.ghl.front_desk().add_tag(&contact.id, &format!("tag-{number}")),
            _ => {}
        }
    }

    fn new_relative(&self, number: u32, pick: u64) {
        let Some(other) = self.patient(pick).and_then(|id| self.clinic.ephysio.practice().patient(id)) else { return };
        self.admit(&NewPatient { phone: other.phone, ..person(number) });
    }

    fn merge(&self, pick: u64) {
        let Some(contact) = self.contact(pick) else { return };
        let desk = self.clinic.ghl.front_desk();
        let second = desk.create(again(&contact));
        let (winner, loser) = if pick.is_multiple_of(2) { (second, contact.id) } else { (contact.id, second) };
        desk.merge(&winner, &loser);
    }

    fn reactivate(&self, pick: u64) {
        let left = self.clinic.ephysio.practice().patients().into_iter().filter(|patient| !patient.is_active());
        _ = one_of(&left.map(|patient| patient.id).collect::<Vec<_>>(), pick).map(|id| self.clinic.ephysio.practice().reactivate(id));
    }

    fn delete_contact(&self, pick: u64) {
        let Some(contact) = self.contact(pick) else { return };
        self.clinic.ghl.front_desk().delete(&contact.id);
        locked(&self.deleted).push(again(&contact));
    }

    fn recreate_contact(&self) {
        let Some(contact) = locked(&self.deleted).pop() else { return };
        self.clinic.ghl.front_desk().create(contact);
    }

    fn book_event(&self, number: u32, pick: u64) {
        let Some(patient) = self.patient(pick) else { return };
        let (_, client_id) = self.clinic.column(pick >> 8);
        self.clinic.ephysio.practice().book(NewEvent { client_id, ..NewEvent::at(self.slot(number)).of(patient) });
    }

    fn book_online(&self, number: u32, pick: u64) {
        let Some(contact) = self.contact(pick) else { return };
        let (calendar_id, _) = self.clinic.column(pick >> 8);
        let new = NewAppointment {
            calendar_id,
            contact_id: contact.id,
            start: self.slot(number),
            minutes: Some(30),
            status: AppointmentStatus::Confirmed,
            ..NewAppointment::default()
        };
        self.clinic.ghl.front_desk().book(new);
    }

    fn shift(&self, number: u32, pick: u64) {
        let start = self.slot(number);
        match self.booking(pick) {
            Some(Ok(event)) => _ = self.clinic.ephysio.practice().move_event(event, start),
            Some(Err(appointment)) => _ = self.clinic.ghl.front_desk().move_appointment(&appointment.id, start),
            None => {}
        }
    }

    fn cancel(&self, pick: u64) {
        match self.booking(pick) {
            Some(Ok(event)) => _ = self.clinic.ephysio.practice().cancel_event(event),
            Some(Err(appointment)) => _ = self.clinic.ghl.front_desk().cancel(&appointment.id),
            None => {}
        }
    }

    fn delete_booking(&self, pick: u64) {
        match self.booking(pick) {
            Some(Ok(event)) => _ = self.clinic.ephysio.practice().delete_event(event),
            Some(Err(appointment)) => _ = self.clinic.ghl.front_desk().delete_appointment(&appointment.id),
            None => {}
        }
    }

    fn rebook(&self, number: u32, pick: u64) {
        let cancelled: Vec<Appointment> =
            self.clinic.ghl.front_desk().appointments().into_iter().filter(|one| one.status == AppointmentStatus::Cancelled).collect();
        match one_of(&cancelled, pick) {
            Some(appointment) if pick.is_multiple_of(3) => _ = self.clinic.ghl.front_desk().confirm(&appointment.id),
            _ => self.book_online(number, pick),
        }
    }

    /// An event of a patient, or an appointment, that is still to be kept.
    fn booking(&self, pick: u64) -> Option<Result<u64, Box<Appointment>>> {
        let events = self.clinic.ephysio.practice().events().into_iter().filter(|event| event.patient_id.is_some());
        let appointments = self.clinic.ghl.front_desk().appointments().into_iter();
        let open = appointments.filter(|appointment| appointment.status == AppointmentStatus::Confirmed);
        let open = open.map(|appointment| Err(Box::new(appointment)));
        let all: Vec<Result<u64, Box<Appointment>>> = events.map(|event| Ok(event.id)).chain(open).collect();
        one_of(&all, pick)
    }

    /// A slot of its own for every number, in the three weeks around the end of summer time.
    fn slot(&self, number: u32) -> DateTime<Utc> {
        let first = Utc.with_ymd_and_hms(2026, 10, 16, 6, 0, 0).single().unwrap_or(DateTime::UNIX_EPOCH);
        let number = i64::from(number);
        first + TimeDelta::days(number % 20) + TimeDelta::minutes(30 * (number / 20 % 20))
    }
}

fn one_of<T: Clone>(all: &[T], pick: u64) -> Option<T> {
    let at = usize::try_from(pick % (all.len().max(1) as u64)).ok()?;
    all.get(at).cloned()
}

fn field(pick: u64) -> Text {
    FIELDS[usize::try_from(pick >> 20).unwrap_or_default() % FIELDS.len()]
}

/// A value that no other number gives.
fn value(text: Text, number: u32) -> String {
    match text {
        Text::Given => format!("Vorname{}", letters(number)),
        Text::Family => format!("Nachname{}", letters(number)),
        Text::Email => format!("wert.{number}@example.ch"),
        Text::Phone => format!("+4179{:07}", 1_000_000 + number),
    }
}

fn letters(mut number: u32) -> String {
    let mut word = String::new();
    loop {
        word.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or_default()));
        number /= 26;
        if number == 0 {
            return word;
        }
    }
}

/// Somebody whom nobody else resembles.
fn person(number: u32) -> NewPatient {
    NewPatient {
        street: format!("Seeweg {number}"),
        zip: "3011".to_owned(),
        city: "Bern".to_owned(),
        birth_date: NaiveDate::from_num_days_from_ce_opt(711_000 + i32::try_from(number % 9_000).unwrap_or_default()),
        sex: Some(if number.is_multiple_of(2) { Sex::Female } else { Sex::Male }),
        email: value(Text::Email, number),
        phone: value(Text::Phone, number),
        ..NewPatient::named(&value(Text::Given, number), &value(Text::Family, number))
    }
}

/// The contact that somebody is in GHL.
fn contact(person: &NewPatient) -> Value {
    json!({
        "firstName": person.first_name, "lastName": person.last_name, "email": person.email, "phone": person.phone,
        "source": "front desk",
    })
}

/// The same with all that a patient needs.
fn tagged(person: &NewPatient, tag: &str) -> Value {
    let mut contact = contact(person);
    contact["tags"] = json!([tag]);
    contact["dateOfBirth"] = person.birth_date.map(|date| date.to_string()).into();
    contact["address1"] = person.street.clone().into();
    contact["postalCode"] = person.zip.clone().into();
    contact["city"] = person.city.clone().into();
    contact["gender"] = if person.sex == Some(Sex::Female) { "female" } else { "male" }.into();
    contact
}

/// What somebody types who enters the same contact once more.
fn again(contact: &Contact) -> Value {
    json!({
        "firstName": contact.first_name, "lastName": contact.last_name, "email": contact.email, "phone": contact.phone,
        "dateOfBirth": contact.date_of_birth.map(|date| date.to_string()), "source": "front desk",
    })
}

fn set_patient(clinic: &Clinic, id: u64, text: Text, value: &str) -> bool {
    clinic.ephysio.practice().update(id, |patient| {
        let place = match text {
            Text::Given => &mut patient.first_name,
            Text::Family => &mut patient.last_name,
            Text::Email => &mut patient.email,
            Text::Phone => &mut patient.phone,
        };
        value.clone_into(place);
    })
}

fn set_contact(clinic: &Clinic, id: &str, text: Text, value: &str) -> bool {
    let name = match text {
        Text::Given => "firstName",
        Text::Family => "lastName",
        Text::Email => "email",
        Text::Phone => "phone",
    };
    let value = Some(value).filter(|value| !value.is_empty());
    clinic.ghl.front_desk().update(id, json!({ name: value }))
}
