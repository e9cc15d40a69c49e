//! The examples on GHL's own pages about its webhooks. They are GHL's and not in this repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ghl_client::webhook::{AppointmentChange, Change, ContactChange, Event, Subject, TaskChange};

/// Names the folder with the examples.
const DIRECTORY: &str = "GHL_WEBHOOKS_DIR";
/// Lets the tests here pass without them.
const WITHOUT: &str = "CLINIC_SYNC_WITHOUT_CONTRACT";

/// Examples that are wrong on GHL's pages, and what they say they are: two were copied from another page, and one shows the types of
/// the members instead of values.
const WRONG: [(&str, &str); 3] = [
    ("AppointmentDelete.example.json", "AppointmentCreate"),
    ("AppointmentUpdate.example.json", "AppointmentCreate"),
    ("UserCreate.example0.json", "string"),
];

#[test]
fn every_documented_example_is_the_event_its_file_is_named_after() {
    let Some(directory) = examples() else { return };
    let mut wrong = Vec::new();
    for (file, json) in read(&directory) {
        let event = Event::decode(&json).unwrap_or_else(|error| panic!("{file}: {error}"));
        let page = page(&file);
        if name(&event) == page {
            assert!(has_its_payload(&event), "{file}: {event:?}");
            continue;
        }
        wrong.push((file, event.name));
    }
    let expected: Vec<(String, String)> = WRONG.iter().map(|(file, name)| ((*file).to_owned(), (*name).to_owned())).collect();
    assert_eq!(wrong, expected);
}

#[test]
fn a_page_that_was_copied_shows_its_own_event_once_the_type_is_right() {
    let Some(directory) = examples() else { return };
    let files = read(&directory);
    for page in ["AppointmentUpdate", "AppointmentDelete"] {
        let json = String::from_utf8(files[&format!("{page}.example.json")].clone()).unwrap();
        let event = Event::decode(json.replace("AppointmentCreate", page).as_bytes()).unwrap();
        assert_eq!(name(&event), page);
        assert!(has_its_payload(&event), "{event:?}");
    }
}

fn examples() -> Option<PathBuf> {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return Some(PathBuf::from(directory));
    }
    if std::env::var(WITHOUT).is_ok_and(|value| value == "1") {
        say(&format!("this test did not run: {WITHOUT} is set"));
        return None;
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/contract/ghl-webhooks");
    assert!(
        shared.exists(),
        "GHL's examples of webhooks are not here: set {DIRECTORY} to the folder that holds ContactCreate.example.json, \
         or set {WITHOUT}=1 to leave these tests out"
    );
    Some(shared)
}

#[expect(clippy::print_stdout, reason = "what was left out belongs in a test's output")]
fn say(what: &str) {
    println!("{what}");
}

/// All examples of the folder by the names of their files; what is no example is a schema.
fn read(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut examples = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        match file.split('.').collect::<Vec<_>>()[..] {
            [_, part, "json"] if part.starts_with("example") => drop(examples.insert(file, std::fs::read(&path).unwrap())),
            [_, part, "json"] if part.starts_with("schema") => {}
            _ => panic!("{file} is neither an example nor a schema"),
        }
    }
    assert!(examples.len() >= 18, "examples are missing: {:?}", examples.keys());
    examples
}

fn page(file: &str) -> &str {
    file.split_once('.').unwrap().0
}

/// The page that describes an event, told by its subject and not by the type it names.
fn name(event: &Event) -> &'static str {
    match &event.subject {
        Subject::Contact { change: ContactChange::Created, .. } => "ContactCreate",
        Subject::Contact { change: ContactChange::Updated, .. } => "ContactUpdate",
        Subject::Contact { change: ContactChange::Tagged, .. } => "ContactTagUpdate",
        Subject::Contact { change: ContactChange::DndChanged, .. } => "ContactDndUpdate",
        Subject::Contact { change: ContactChange::Deleted, .. } => "ContactDelete",
        Subject::Appointment { change: AppointmentChange::Created, .. } => "AppointmentCreate",
        Subject::Appointment { change: AppointmentChange::Updated, .. } => "AppointmentUpdate",
        Subject::Appointment { change: AppointmentChange::Deleted, .. } => "AppointmentDelete",
        Subject::Install(_) => "AppInstall",
        Subject::Uninstall => "AppUninstall",
        Subject::Location { change: Change::Created } => "LocationCreate",
        Subject::Location { .. } => "LocationUpdate",
        Subject::Note { change: Change::Created, .. } => "NoteCreate",
        Subject::Note { change: Change::Updated, .. } => "NoteUpdate",
        Subject::Note { .. } => "NoteDelete",
        Subject::Task { change: TaskChange::Created, .. } => "TaskCreate",
        Subject::Task { change: TaskChange::Completed, .. } => "TaskComplete",
        Subject::Task { .. } => "TaskDelete",
        Subject::User { change: Change::Created, .. } => "UserCreate",
        Subject::User { change: Change::Updated, .. } => "UserUpdate",
        Subject::User { .. } => "UserDelete",
        _ => "none",
    }
}

/// Whether more was read than the type: the record, and where it is.
fn has_its_payload(event: &Event) -> bool {
    let is_somewhere = event.envelope.location_id.is_some() || event.envelope.company_id.is_some();
    is_somewhere
        && match &event.subject {
            Subject::Contact { contact, .. } => contact.as_ref().is_some_and(|contact| contact.birth_date().is_some()),
            Subject::Appointment { appointment, calendar_id, contact_id, .. } => {
                appointment.is_some() && calendar_id.is_some() && contact_id.is_some()
            }
            Subject::Install(install) => install.plan_id.is_some() && install.on_trial == Some(true) && event.envelope.app_id.is_some(),
            Subject::Note { contact_id, .. } => contact_id.is_some(),
            Subject::User { role, .. } => role.is_some(),
            _ => true,
        }
}
