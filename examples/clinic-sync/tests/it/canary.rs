//! Canaries: values and secrets that must come to light nowhere but where a person asks for them.

mod outside;
mod planted;
#[cfg(feature = "postgres")]
mod server;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use clinic_sync::demo::{Behaviour, Clinic};
use clinic_sync::{Clients, Error, Service, Settings, SyncReport, TENANT};
use emulator_kit::{Fault, Reply, Rule};
use ephysio_emulator::{NewEvent, NewPatient, Sex};
use http::Method;
use secrecy::SecretString;
use serde_json::json;
use sync_core::vocabulary::person;
use sync_core::{LinkId, LinkQuery, Report, ReviewQuery};
use sync_http::ServiceTransport;

use planted::{
    BIRTH_DATE, Canaries, EMAIL, Evidence, FAMILY, FINDING, GIVEN, LEAD_EMAIL, LEAD_GIVEN, LEAD_STREET, LOGIN, MARRIED, NEW_FAMILY,
    OTHER_EMAIL, OTHER_FAMILY, OTHER_GIVEN, OTHER_PHONE, OURS, PASSWORD, PHONE, RENAMED, STREET, THEIRS, TOKEN, log,
};

/// A clinic with other secrets and other people than the demo's.
struct Stage {
    clinic: Clinic,
    /// When the only appointment is.
    start: DateTime<Utc>,
    first: Pair,
    second: Pair,
    /// Patients to be renamed, each only once: whoever is renamed again while a write is unclear waits for a person.
    others: RefCell<Vec<u64>>,
}

struct Pair {
    patient: u64,
    contact: String,
}

impl Stage {
    fn build() -> Self {
        let mut clinic = Clinic::build(0, 1, Behaviour { rate_limit: None, ..Behaviour::default() });
        let config =
            ephysio_emulator::Config { email: LOGIN.to_owned(), password: PASSWORD.to_owned(), ..ephysio_emulator::Config::default() };
        clinic.ephysio = ephysio_emulator::Emulator::new(config);
        clinic.ghl.set_token(TOKEN);
        let first = admit(&clinic, GIVEN, FAMILY, EMAIL, PHONE);
        let second = admit(&clinic, OTHER_GIVEN, OTHER_FAMILY, OTHER_EMAIL, OTHER_PHONE);
        clinic.ephysio.practice().create(patient("Wilhelmine", NEW_FAMILY, "", ""));
        let start = (Utc::now() + chrono::TimeDelta::days(40)).date_naive().and_hms_opt(9, 15, 0).unwrap().and_utc();
        let mut event = NewEvent::at(start).of(first.patient);
        event.extra.insert("description".to_owned(), FINDING.into());
        clinic.ephysio.practice().book(event);
        // To become a patient, but nobody knows the sex.
        clinic.ghl.front_desk().create(json!({
            "firstName": LEAD_GIVEN, "lastName": "Muster", "email": LEAD_EMAIL, "address1": LEAD_STREET, "postalCode": "3011",
            "city": "Bern", "dateOfBirth": "1931-07-23", "tags": ["patient"],
        }));
        let others = (0..60).map(|number| clinic.ephysio.practice().create(patient(&format!("Nova {number}"), NEW_FAMILY, "", "")));
        let others = RefCell::new(others.collect());
        Self { clinic, start, first, second, others }
    }

    fn settings(&self, ephysio: &str, ghl: &str, database: &Path) -> Settings {
        let mut settings = self.clinic.settings(ephysio, ghl, database);
        settings.ephysio.email = Some(LOGIN.to_owned());
        settings.ephysio.password = Some(SecretString::from(PASSWORD));
        settings.ghl.private_integration_token = Some(SecretString::from(TOKEN));
        settings.ghl.calls_per_10_seconds = 100_000;
        // A create whose outcome is unclear is settled by the next sync.
        settings.patients.settle_seconds = 0;
        settings
    }

    /// Both sides change one e-mail address, and another person marries.
    fn edit(&self) {
        let practice = self.clinic.ephysio.practice();
        practice.update(self.first.patient, |patient| patient.email = OURS.to_owned());
        self.clinic.ghl.front_desk().update(&self.first.contact, json!({ "email": THEIRS }));
        practice.update(self.second.patient, |patient| patient.last_name = MARRIED.to_owned());
    }

    /// The front desk moves the appointment: a question with both times, sealed.
    fn move_the_booking(&self) {
        let booking = self.clinic.ghl.front_desk().appointments().remove(0);
        assert!(self.clinic.ghl.front_desk().move_appointment(&booking.id, booking.start + chrono::TimeDelta::hours(2)));
    }

    /// Gives the next sync something to create and something to update.
    fn make_work(&self) {
        let renamed = self.others.borrow_mut().pop().unwrap();
        let practice = self.clinic.ephysio.practice();
        practice.update(renamed, |patient| patient.first_name.push_str(RENAMED));
        practice.create(patient(&format!("{RENAMED} {renamed}"), NEW_FAMILY, "", ""));
    }

    /// What the emulated e-Physio gave out: its bearer tokens and its key.
    fn given_out(&self) -> BTreeSet<String> {
        let entries = self.clinic.ephysio.journal().entries();
        let headers = entries.iter().flat_map(|entry| ["authorization", "x-crypto-key"].map(|name| entry.headers.get(name)));
        let values = headers.flatten().map(|value| value.to_str().unwrap().trim_start_matches("Bearer ").to_owned());
        values.collect()
    }
}

fn patient(given: &str, family: &str, email: &str, phone: &str) -> NewPatient {
    let (year, month, day) = BIRTH_DATE;
    NewPatient {
        street: STREET.to_owned(),
        zip: "3011".to_owned(),
        city: "Bern".to_owned(),
        birth_date: chrono::NaiveDate::from_ymd_opt(year, month, day),
        sex: Some(Sex::Female),
        email: email.to_owned(),
        phone: phone.to_owned(),
        ..NewPatient::named(given, family)
    }
}

/// Somebody whom both sides know.
fn admit(clinic: &Clinic, given: &str, family: &str, email: &str, phone: &str) -> Pair {
    let patient = clinic.ephysio.practice().create(patient(given, family, email, phone));
    let contact = json!({ "firstName": given, "lastName": family, "email": email, "phone": phone, "address1": STREET });
    Pair { patient, contact: clinic.ghl.front_desk().create(contact) }
}

#[tokio::test]
async fn no_value_and_no_secret_comes_to_light() {
    no_value_and_no_secret_comes_to_light_in(None).await;
}

/// In a file, or on a server with its address and the key of what is sealed there.
async fn no_value_and_no_secret_comes_to_light_in(server: Option<(String, &str)>) {
    let log = log();
    let stage = Stage::build();
    let (ephysio, ghl) = stage.clinic.serve().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut settings = stage.settings(&ephysio.url(), &ghl.url(), &directory.path().join("canary.db"));
    if let Some((address, key)) = &server {
        settings.database_url = Some(address.clone());
        settings.vault.key = Some(SecretString::from(*key));
    }
    let mut evidence = Evidence::default();
    evidence.debug("the settings", &settings);
    let clients = Clients::new(&settings).unwrap();
    let service = Service::open(settings).await.unwrap();

    sync(&service, &clients, &mut evidence).await;
    assert_eq!(stage.clinic.ghl.front_desk().appointments().len(), 1, "the appointment is synced too");
    stage.edit();
    stage.move_the_booking();
    sync(&service, &clients, &mut evidence).await;
    let values = memory(&service, &mut evidence).await;
    evidence.debug("the clients", &clients);
    evidence.debug("the service", &service);
    database(server.as_ref(), directory.path(), &mut evidence).await;

    fail_over_sockets(&stage, &service, &mut evidence).await;
    fail_in_process(&stage, &service, server.is_none(), &mut evidence).await;
    memory(&service, &mut evidence).await;
    database(server.as_ref(), directory.path(), &mut evidence).await;
    service.store().close().await;
    database(server.as_ref(), directory.path(), &mut evidence).await;
    evidence.add("the log", log.0.lock().unwrap().clone());

    let mut canaries = Canaries::planted();
    let given_out = stage.given_out();
    assert!(given_out.len() >= 2, "the emulator gave out no token and no key");
    given_out.iter().for_each(|secret| canaries.plant(secret));
    let key = server.as_ref().map(|(_, key)| (*key).to_owned());
    canaries.plant(key.unwrap_or_else(|| std::fs::read_to_string(directory.path().join("canary.db.key")).unwrap()).trim());
    for text in ["%Y-%m-%dT%H:%M:00Z", "%Y-%m-%dT%H:%M:00.000Z", "%s000"] {
        canaries.plant(&stage.start.format(text).to_string());
    }
    let shown = canaries.within(values);
    let booked = stage.start.format("%Y-%m-%dT%H:%M:00Z").to_string();
    for value in [OURS, THEIRS, OTHER_FAMILY, LEAD_GIVEN, &booked] {
        assert!(shown.contains(value), "the search does not find {value} where it is shown on purpose");
    }
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("contacts.search") && text.contains("a write did not succeed"), "the log was not captured");
    let looked_at: &[&str] = if server.is_some() {
        &["link.salt", "the bytes of review.sealed", "the bytes of pre_image.sealed"]
    } else {
        &["canary.db", "canary.db-wal"]
    };
    for name in looked_at {
        assert!(evidence.has(name), "{name} was not looked through");
    }
    assert_eq!(evidence.leaks(&canaries), [""; 0]);
}

/// Adds the database where it is.
async fn database(server: Option<&(String, &str)>, directory: &Path, evidence: &mut Evidence) {
    evidence.files(directory);
    #[cfg(feature = "postgres")]
    if let Some((address, _)) = server {
        server::dump(address, evidence).await;
    }
    #[cfg(not(feature = "postgres"))]
    assert!(server.is_none(), "this build knows no server");
}

#[test]
fn a_canary_is_found_in_every_spelling() {
    let canaries = Canaries::planted();
    let street = STANDARD.encode(format!("{STREET}, Bern"));
    let spellings = [
        "street=kanarienvogelg%C3%A4ssli+77",
        "KANARIENVOGELG%c3%a4SSLI%2077",
        r#"{"street":"Kanarienvogelg\u00e4ssli 77"}"#,
        r#"b"Kanarienvogelg\xc3\xa4ssli 77""#,
        street.as_str(),
    ];
    for spelling in spellings {
        assert_eq!(canaries.within(spelling).into_iter().collect::<Vec<_>>(), [STREET], "{spelling}");
    }
    for number in ["+41798135792", "0041798135792", "0798135792"] {
        assert_eq!(canaries.within(number).len(), 1, "{number}");
    }
    assert_eq!(canaries.within(format!("{:?}", GIVEN.as_bytes())).len(), 1);
    assert!(canaries.within("link 7, patient 123456, contact abc").is_empty());
}

/// One sync, and all that it says about itself.
async fn sync(service: &Service, clients: &Clients, evidence: &mut Evidence) {
    let engines = service.engines(clients).await.unwrap();
    assert!(!engines[0].plan().await.unwrap().is_empty(), "there is nothing to sync");
    for engine in engines {
        let plan = engine.plan().await.unwrap();
        evidence.json("the plan", &plan);
        evidence.debug("the plan", &plan);
        evidence.debug("the engine", &engine);
        reported(&engine.sweep().await.unwrap(), clients, evidence);
    }
}

fn reported(report: &Report, clients: &Clients, evidence: &mut Evidence) {
    let printed = SyncReport::new(std::slice::from_ref(report), &clients.counts(), std::time::Duration::ZERO);
    evidence.json("the report", &printed);
    evidence.debug("the report", &printed);
    evidence.debug("the run's report", report);
}

/// All that the store remembers, without the values; and the values, which only a person may see who asks.
async fn memory(service: &Service, evidence: &mut Evidence) -> String {
    let store = service.store();
    evidence.debug("the store", store);
    let reviews = store.reviews(&TENANT, &ReviewQuery::default()).await.unwrap();
    assert!(reviews.iter().any(|review| review.reason.name() == "conflict"), "there is no conflict");
    evidence.debug("the reviews", &reviews);
    evidence.json("the reasons", &reviews.iter().map(|review| &review.reason).collect::<Vec<_>>());
    let reviews = store.reviews(&TENANT, &ReviewQuery { values: true, ..ReviewQuery::default() }).await.unwrap();
    evidence.debug("the reviews with their values", &reviews);
    let mut values = serde_json::to_string(&reviews.iter().map(|review| &review.values).collect::<Vec<_>>()).unwrap();

    evidence.debug("the runs", &store.runs(&TENANT, &person::KIND, 100).await.unwrap());
    let heads = store.heads(&TENANT, &person::KIND, None, 1000).await.unwrap();
    evidence.debug("the heads", &heads);
    let ids: Vec<LinkId> = heads.iter().map(|head| head.link).collect();
    let links = store.links(&TENANT, &LinkQuery::Ids(ids.clone())).await.unwrap();
    evidence.debug("the links", &links);
    evidence.json("the links", &links);
    for id in ids {
        let operations = store.operations(&TENANT, id).await.unwrap();
        evidence.debug("the operations", &operations);
        evidence.json("the operations", &operations);
        let overwritten = store.pre_images(&TENANT, id).await.unwrap();
        evidence.debug("what was overwritten", &overwritten);
        values.push_str(&serde_json::to_string(&overwritten).unwrap());
    }
    values
}

/// Answers that quote people, in all forms that a vendor or a proxy may give them.
fn indiscreet() -> Vec<(&'static str, Fault)> {
    let people = format!("{GIVEN} {FAMILY} {EMAIL} {PHONE} {STREET} 1931-07-23 {TOKEN} {PASSWORD}");
    let json = |status, body: serde_json::Value| Reply::new(status, body.to_string()).header("content-type", "application/json");
    vec![
        (
            "a page in HTML",
            Fault::Replace(Reply::new(200, format!("<html><body>{people}</body></html>")).header("content-type", "text/html")),
        ),
        ("half an answer", Fault::Replace(Reply::new(200, format!(r#"{{"contact":{{"id":"c1","firstName":"{people}"#)))),
        ("half a list", Fault::Replace(Reply::new(200, format!(r#"[{{"id":1,"firstName":"{people}"#)))),
        ("an answer of another shape", Fault::Replace(json(200, json!({ "contact": people, "contacts": people, "customFields": people })))),
        (
            "elements of another shape",
            Fault::Replace(json(
                200,
                json!({ "contacts": [{ FAMILY: GIVEN }, { "id": "c1", "firstName": { FAMILY: GIVEN }, "tags": EMAIL }], "total": 2 }),
            )),
        ),
        (
            "a list of another shape",
            Fault::Replace(json(200, json!([{ FAMILY: GIVEN }, people, { "id": 1, "firstName": { FAMILY: [PHONE] } }]))),
        ),
        (
            "a refusal that quotes",
            Fault::Refuse(json(
                422,
                json!({ "message": [format!("email {EMAIL} is invalid"), people], "error": FAMILY, "DETAIL": people }),
            )),
        ),
        (
            "a duplicate that is named",
            Fault::Refuse(json(
                400,
                json!({
                    "message": "This location does not allow duplicated contacts.",
                    "meta": { "contactName": FAMILY, "contactId": EMAIL, "matchingField": PHONE }, "traceId": EMAIL,
                }),
            )),
        ),
        ("a refusal of the token", Fault::Refuse(json(401, json!({ "message": format!("Invalid JWT: {TOKEN} {PASSWORD}") })))),
        (
            "somewhere else",
            Fault::Refuse(Reply::new(302, people.clone()).header("location", &format!("/elsewhere?{TOKEN}&q={OTHER_FAMILY}"))),
        ),
    ]
}

/// Where an answer can go wrong.
#[derive(Clone)]
struct Place {
    path: &'static str,
    method: Method,
    /// How many requests of that form pass before.
    after: usize,
    /// Whether it is only reached if there is something to write.
    writes: bool,
}

fn places() -> [Place; 6] {
    let place = |path, method, after, writes| Place { path, method, after, writes };
    [
        place("/token", Method::POST, 0, false),
        place("/patients", Method::GET, 0, false),
        place("/customFields", Method::GET, 0, false),
        place("/contacts/search", Method::POST, 0, false),
        place("/contacts/", Method::POST, 1, true),
        place("/contacts/", Method::PUT, 0, true),
    ]
}

/// Every indiscreet answer at every place, over HTTP.
async fn fail_over_sockets(stage: &Stage, service: &Service, evidence: &mut Evidence) {
    for place in places() {
        for (what, fault) in indiscreet() {
            let clients = Clients::new(service.settings()).unwrap();
            fail(stage, service, &clients, (what, &place, fault, 1), evidence).await;
        }
    }
}

/// The same in process under a paused clock, where it costs no time that a request is sent again. While a server is waited for, a
/// paused clock would run ahead: then requests fail once only.
async fn fail_in_process(stage: &Stage, service: &Service, paused: bool, evidence: &mut Evidence) {
    if paused {
        tokio::time::pause();
    }
    let times = if paused { 4 } else { 1 };
    let page = format!("<html>{GIVEN} {FAMILY} {EMAIL} {PHONE} {TOKEN} {PASSWORD}</html>");
    let faults = [("a failing server", Fault::Refuse(Reply::new(500, page))), ("a cut", Fault::CutBefore), ("an end", Fault::Truncate(60))];
    for place in places() {
        for (what, fault) in faults.clone() {
            let (ephysio, ghl) = (ServiceTransport::new(stage.clinic.ephysio.stage()), ServiceTransport::new(stage.clinic.ghl.stage()));
            let clients = Clients::with_transports(service.settings(), Arc::new(ephysio), Arc::new(ghl)).unwrap();
            fail(stage, service, &clients, (what, &place, fault, times), evidence).await;
        }
    }
    if paused {
        tokio::time::resume();
    }
}

/// A run in which one request fails so many times. A run that goes on nevertheless must not tell more than one that ends.
async fn fail(
    stage: &Stage,
    service: &Service,
    clients: &Clients,
    (what, place, fault, times): (&str, &Place, Fault, usize),
    evidence: &mut Evidence,
) {
    if place.writes {
        stage.make_work();
    }
    let (ephysio, ghl) = (&stage.clinic.ephysio, &stage.clinic.ghl);
    let struck =
        || [ephysio.journal(), ghl.journal()].iter().flat_map(|journal| journal.entries()).filter(|entry| entry.fault.is_some()).count();
    let before = struck();
    for faults in [ephysio.faults(), ghl.faults()] {
        faults.add(Rule::on(place.path, fault.clone()).method(place.method.clone()).after(place.after).times(times));
    }
    let outcome = async {
        let engine = service.engine(clients).await?;
        evidence.debug("the engine", &engine);
        Ok(engine.sweep().await?)
    };
    let outcome: Result<Report, Error> = outcome.await;
    assert!(struck() > before, "{what} never happened at {} {}", place.method, place.path);
    ephysio.faults().clear();
    ghl.faults().clear();
    match outcome {
        Ok(report) => reported(&report, clients, evidence),
        Err(error) => evidence.error(what, &error),
    }
}
