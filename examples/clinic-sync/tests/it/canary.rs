//! Canaries: values and secrets that must come to light nowhere but where a person asks for them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

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
use url::form_urlencoded::byte_serialize;

const PASSWORD: &str = "kanarien-passwort-8d1f";
const TOKEN: &str = "pit-kanarien-77c3b0";

const GIVEN: &str = "Quirinalia";
const FAMILY: &str = "Zwetschgenkanari-Fjörd";
const PHONE: &str = "079 813 57 92";
const EMAIL: &str = "Quirinalia.Kanari+praxis@Zwetschge.example";
const STREET: &str = "Kanarienvogelgässli 77";
const BIRTH_DATE: (i32, u32, u32) = (1931, 7, 23);
/// The e-mail of one person, changed on both sides at once.
const OURS: &str = "fjoerd.hier@zwetschge.example";
const THEIRS: &str = "fjoerd.dort@zwetschge.example";

const OTHER_GIVEN: &str = "Ottokarius";
const OTHER_FAMILY: &str = "Wellensittichsen";
const OTHER_PHONE: &str = "+41 76 246 81 35";
const OTHER_EMAIL: &str = "ottokarius@wellensittich.example";
/// What the other person is called later, so that a value is overwritten.
const MARRIED: &str = "Papageienhuber";

const NEW_FAMILY: &str = "Nymphensittichova";
const LEAD_GIVEN: &str = "Hyazinthara";
const LEAD_EMAIL: &str = "hyazinthara@ara.example";
const LEAD_STREET: &str = "Papageienplatz 9191";
const RENAMED: &str = "Rosakakadu";
/// What the practice notes about an appointment, and what it costs nobody to know.
const FINDING: &str = "Kakaduschulterbefund";

/// What was planted, and under which name a leak is told.
struct Canaries(Vec<(String, String)>);

impl Canaries {
    fn planted() -> Self {
        let mut canaries = Self(Vec::new());
        for text in [GIVEN, FAMILY, EMAIL, STREET, OURS, THEIRS, OTHER_GIVEN, OTHER_FAMILY, OTHER_EMAIL, MARRIED] {
            canaries.plant(text);
        }
        for text in [NEW_FAMILY, LEAD_GIVEN, LEAD_EMAIL, LEAD_STREET, RENAMED, PASSWORD, TOKEN, "1931-07-23", "23.07.1931", "19310723"] {
            canaries.plant(text);
        }
        canaries.plant(FINDING);
        for phone in [PHONE, OTHER_PHONE] {
            canaries.plant(phone);
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            canaries.plant(digits.trim_start_matches("41").trim_start_matches('0'));
        }
        // As matching folds them.
        canaries.plant("zwetschgenkanari fjord");
        canaries.plant("zwetschgenkanari fjoerd");
        canaries
    }

    /// Plants a text in all spellings in which it may turn up; letter case never counts.
    fn plant(&mut self, text: &str) {
        let numbers: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        // The last letters of base64 depend on what follows.
        let base64 = STANDARD.encode(&text.as_bytes()[..text.len() / 3 * 3]);
        let spellings = [
            text.to_owned(),
            text.to_lowercase(),
            byte_serialize(text.as_bytes()).collect(),
            byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20"),
            text.chars().flat_map(escape).collect(),
            text.as_bytes().escape_ascii().to_string(),
            numbers.join(", "),
            text.bytes().map(|byte| format!("{byte:02x}")).collect(),
            base64,
        ];
        let spellings: BTreeSet<String> = spellings.into_iter().map(|spelling| spelling.to_ascii_lowercase()).collect();
        self.0.extend(spellings.into_iter().map(|spelling| (text.to_owned(), spelling)));
    }

    /// The canaries that show in something.
    fn within(&self, haystack: impl AsRef<[u8]>) -> BTreeSet<String> {
        // The spellings are whole letters, so bytes that are none may be blotted out.
        let haystack = String::from_utf8_lossy(haystack.as_ref()).to_ascii_lowercase();
        self.0.iter().filter(|(_, spelling)| haystack.contains(spelling)).map(|(text, _)| text.clone()).collect()
    }
}

/// A letter as careful writers of JSON write it.
fn escape(letter: char) -> Vec<char> {
    if letter.is_ascii() { vec![letter] } else { format!("\\u{:04x}", u32::from(letter)).chars().collect() }
}

/// Whatever is looked through, by name; what was said twice, once.
#[derive(Default)]
struct Evidence(BTreeSet<(String, Vec<u8>)>);

impl Evidence {
    fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.insert((name.to_owned(), bytes.into()));
    }

    fn debug(&mut self, name: &str, thing: &impl Debug) {
        self.add(&format!("the debug output of {name}"), format!("{thing:?} {thing:#?}"));
    }

    fn json(&mut self, name: &str, thing: &impl serde::Serialize) {
        self.add(&format!("the JSON of {name}"), serde_json::to_vec(thing).unwrap());
    }

    /// The database and what lies beside it, except its key.
    fn files(&mut self, directory: &Path) {
        for file in std::fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "key") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                self.add(&name, std::fs::read(&path).unwrap());
            }
        }
    }

    /// All that an error says, to people, to programmers, and by its causes.
    fn error(&mut self, name: &str, error: &Error) {
        let mut text = format!("{error} {error:?} {error:#?}");
        let mut cause = match error {
            Error::Failed(failed) => failed.source(),
            Error::Settings(_) | Error::Usage(_) => None,
        };
        while let Some(error) = cause {
            text.push_str(&format!(" {error} {error:?}"));
            cause = error.source();
        }
        self.add(&format!("the error of {name}"), text);
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(present, _)| present == name)
    }

    fn leaks(&self, canaries: &Canaries) -> Vec<String> {
        let leaks = self.0.iter().flat_map(|(name, bytes)| canaries.within(bytes).into_iter().map(move |text| format!("{text} in {name}")));
        leaks.collect()
    }
}

/// All that this process logs, on every level and every thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let start = || {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(move || writer.clone()).finish()).unwrap();
        log
    };
    LOG.get_or_init(start).clone()
}

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
        let config = ephysio_emulator::Config { password: PASSWORD.to_owned(), ..ephysio_emulator::Config::default() };
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
    let log = log();
    let stage = Stage::build();
    let (ephysio, ghl) = stage.clinic.serve().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let settings = stage.settings(&ephysio.url(), &ghl.url(), &directory.path().join("canary.db"));
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
    evidence.files(directory.path());

    fail_over_sockets(&stage, &service, &mut evidence).await;
    fail_in_process(&stage, &service, &mut evidence).await;
    memory(&service, &mut evidence).await;
    evidence.files(directory.path());
    service.store().close().await;
    evidence.files(directory.path());
    evidence.add("the log", log.0.lock().unwrap().clone());

    let mut canaries = Canaries::planted();
    let given_out = stage.given_out();
    assert!(given_out.len() >= 2, "the emulator gave out no token and no key");
    given_out.iter().for_each(|secret| canaries.plant(secret));
    canaries.plant(std::fs::read_to_string(directory.path().join("canary.db.key")).unwrap().trim());
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
    for name in ["canary.db", "canary.db-wal"] {
        assert!(evidence.has(name), "{name} was not looked through");
    }
    assert_eq!(evidence.leaks(&canaries), [""; 0]);
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

/// The same in process under a paused clock, where it costs no time that a request is sent again.
async fn fail_in_process(stage: &Stage, service: &Service, evidence: &mut Evidence) {
    tokio::time::pause();
    let page = format!("<html>{GIVEN} {FAMILY} {EMAIL} {PHONE} {TOKEN} {PASSWORD}</html>");
    let faults = [("a failing server", Fault::Refuse(Reply::new(500, page))), ("a cut", Fault::CutBefore), ("an end", Fault::Truncate(60))];
    for place in places() {
        for (what, fault) in faults.clone() {
            let (ephysio, ghl) = (ServiceTransport::new(stage.clinic.ephysio.stage()), ServiceTransport::new(stage.clinic.ghl.stage()));
            let clients = Clients::with_transports(service.settings(), Arc::new(ephysio), Arc::new(ghl)).unwrap();
            fail(stage, service, &clients, (what, &place, fault, 4), evidence).await;
        }
    }
    tokio::time::resume();
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
