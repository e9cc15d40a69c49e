//! A database that is put back to what it was yesterday, while both systems have moved on.

use std::path::PathBuf;

use ephysio_emulator::{Quirks, UpdatePatient};
use serde_json::{Value, json};

use crate::calendar::{Practice, calendars, open_calendars, slot};
use crate::house::{House, person};
use crate::staff::in_sync_with;

const PATIENTS: usize = 9;

/// Where the database is.
enum Place {
    /// In a file.
    File,
    #[cfg(feature = "postgres")]
    /// On a server, by its name.
    Server(String),
}

impl Place {
    /// Copies the database while nobody uses it.
    async fn back_up(&self, house: &House) {
        match self {
            Self::File => {
                std::fs::create_dir(house.path("back-up")).unwrap();
                for file in files(house, "") {
                    std::fs::copy(&file, house.path("back-up").join(file.file_name().unwrap())).unwrap();
                }
            }
            #[cfg(feature = "postgres")]
            Self::Server(name) => server::copy(name, &format!("{name}_back_up")).await,
        }
    }

    /// Puts the copy where the database was.
    async fn restore(&self, house: &House) {
        match self {
            Self::File => {
                files(house, "").into_iter().for_each(|file| std::fs::remove_file(file).unwrap());
                for file in files(house, "back-up") {
                    std::fs::copy(&file, house.path(file.file_name().unwrap().to_str().unwrap())).unwrap();
                }
            }
            #[cfg(feature = "postgres")]
            Self::Server(name) => server::copy(&format!("{name}_back_up"), name).await,
        }
    }
}

/// The files of a database: its key lies beside it.
fn files(house: &House, folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(house.path(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("clinic.db")).collect()
}

/// A practice in sync, whose patients can be changed in both systems.
async fn practice(set: impl FnOnce(&mut House)) -> Practice {
    let quirks = Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() };
    let (house, people) = in_sync_with(quirks, PATIENTS, |house| {
        open_calendars(house);
        house.set("ephysio.operations.update_patient.support", "enabled");
        house.set("ephysio.operations.update_patient.method", "PUT");
        house.set("ephysio.operations.update_patient.path", "/patients/{id}");
        house.set("ephysio.operations.update_patient.body", "patch");
        house.set("ephysio.operations.update_patient.success", vec![200, 204]);
        set(house);
    })
    .await;
    let calendar = calendars(&house).remove(0);
    let practice = Practice { house, people, calendar };
    practice.open_invoices();
    practice
}

/// Everything that both systems show, in an order of its own.
fn shown(practice: &Practice) -> Value {
    let mut patients = practice.house.clinic.ephysio.practice().patients();
    patients.sort_by_key(|patient| patient.id);
    let patients: Vec<_> = patients.into_iter().map(|patient| json!([patient.id, patient.email, patient.phone])).collect();
    let mut contacts = practice.house.clinic.ghl.front_desk().contacts();
    contacts.sort_by(|one, other| one.id.cmp(&other.id));
    let contacts: Vec<_> = contacts.into_iter().map(|contact| json!([contact.id, contact.email, contact.phone])).collect();
    let mut events: Vec<_> = practice.events().into_iter().map(|event| json!([event.id, event.patient_id, event.start])).collect();
    let mut booked: Vec<_> =
        practice.appointments().into_iter().map(|booked| json!([booked.id, booked.contact_id, booked.start])).collect();
    events.sort_by_key(ToString::to_string);
    booked.sort_by_key(ToString::to_string);
    json!({ "patients": patients, "contacts": contacts, "events": events, "appointments": booked })
}

/// What staff do in a day in both systems, and what the sync makes of it.
async fn work_for_a_day(practice: &Practice, moved: u64) {
    let house = &practice.house;
    house.admit(20);
    practice.in_ephysio(practice.person(0).0, slot(1));
    practice.in_ghl(practice.person(1).1, slot(2));
    house.clinic.ephysio.practice().move_event(moved, slot(3));
    house.in_ghl(practice.person(2).1, json!({ "phone": "+41761112202" }));
    house.in_ephysio(practice.person(3).0, |patient| patient.email = "drei@example.ch".to_owned());
    house.in_ephysio(practice.person(7).0, |patient| patient.email = "sieben@example.ch".to_owned());
    house.clinic.ghl.front_desk().delete(practice.person(4).1);
    house.clinic.ephysio.practice().deactivate(practice.person(5).0);
    for _ in 0..2 {
        house.sync().await;
    }
    house.assert_quiet().await;
}

async fn a_restored_database_doubles_nothing_and_loses_nothing(practice: Practice, place: Place) {
    let house = &practice.house;
    let (moved, _) = practice.booked(slot(0)).await;
    house.sync().await;
    place.back_up(house).await;
    work_for_a_day(&practice, moved).await;
    // Nobody has synced these yet.
    house.in_ghl(practice.person(6).1, json!({ "phone": "+41761112206" }));
    house.in_ghl(practice.person(7).1, json!({ "email": "seven@example.ch" }));
    let mut expected = shown(&practice);
    let patients = expected["patients"].as_array_mut().unwrap();
    let patient = patients.iter_mut().find(|patient| patient[0] == practice.person(6).0).unwrap();
    patient[2] = json!("+41761112206");

    place.restore(house).await;
    house.sync().await;
    assert_eq!(shown(&practice), expected, "only what nobody had synced yet was carried over");
    let open = house.reviews().await;
    let conflict = open.iter().find(|review| review["contact"] == json!(practice.person(7).1)).unwrap();
    assert_eq!(conflict["reason"], "conflict", "who changed the e-mail address last cannot be known any more: {open:?}");
    house.assert_quiet().await;
    assert_eq!(shown(&practice), expected);
    assert_eq!(house.reviews().await, open);
    assert_eq!(practice.bookings().await.len(), 3, "each is known on both sides");
    // What is known again is kept in sync again.
    let mark = house.mark();
    let newcomer = house.clinic.ephysio.practice().patients().into_iter().find(|patient| patient.email == person(20).email).unwrap();
    house.in_ephysio(newcomer.id, |patient| patient.phone = "+41761112220".to_owned());
    house.sync().await;
    let contact = house.contact_of(newcomer.id).await;
    assert_eq!((house.shown(&contact)[3].as_str(), house.written(mark)), ("+41761112220", 1));
}

#[tokio::test]
async fn a_file_from_yesterdays_back_up_doubles_nothing_and_loses_nothing_and_asks_what_nobody_can_know() {
    a_restored_database_doubles_nothing_and_loses_nothing(practice(|_| {}).await, Place::File).await;
}

#[tokio::test]
async fn a_contact_made_after_the_back_up_and_deleted_since_is_made_once_more_and_only_once() {
    let practice = practice(|_| {}).await;
    let house = &practice.house;
    Place::File.back_up(house).await;
    let patient = house.admit(20);
    house.sync().await;
    house.clinic.ghl.front_desk().delete(&house.contact_of(patient).await);
    house.assert_quiet().await;
    Place::File.restore(house).await;
    // Nothing tells it from a patient who never had one.
    house.sync().await;
    assert_eq!(house.contacts(), PATIENTS + 1);
    house.assert_quiet().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_servers_database_from_yesterdays_back_up_doubles_nothing_and_loses_nothing_and_asks_what_nobody_can_know() {
    let address = crate::server::fresh().await;
    let practice = practice(|house| {
        house.env("DATABASE_URL", &address);
        house.env("VAULT_KEY", crate::postgres::KEY);
    })
    .await;
    a_restored_database_doubles_nothing_and_loses_nothing(practice, Place::Server(server::name(&address))).await;
}

#[cfg(feature = "postgres")]
mod server {
    use sqlx::postgres::PgConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

    use crate::server::address;

    /// The name of the database with this address.
    pub(super) fn name(address: &str) -> String {
        address.parse::<PgConnectOptions>().unwrap().get_database().unwrap().to_owned()
    }

    /// Puts a copy of a database that nobody uses where another one is, or will be.
    pub(super) async fn copy(from: &str, to: &str) {
        let mut db = address().parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        for statement in [format!("DROP DATABASE IF EXISTS {to} WITH (FORCE)"), format!("CREATE DATABASE {to} TEMPLATE {from}")] {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
        }
        db.close().await.unwrap();
    }
}
