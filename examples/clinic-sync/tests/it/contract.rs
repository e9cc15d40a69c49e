//! What the service sends to GHL, held against GHL's own OpenAPI files; and what those files promise, read by the client.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clinic_sync::demo::{Behaviour, Clinic, bookings, morning, pairs};
use clinic_sync::{Clients, Service, Settings};
use emulator_kit::Entry;
use ghl_client::Contact;
use serde_json::{Map, Value, json};
use sync_core::{Clearing, Conflict, Direction, FieldName, FieldPolicy};
use url::form_urlencoded;

/// Names the folder with the OpenAPI files.
const DIRECTORY: &str = "GHL_OPENAPI_DIR";
/// Lets the tests here pass without them.
const WITHOUT: &str = "CLINIC_SYNC_WITHOUT_CONTRACT";

#[tokio::test]
async fn every_request_to_ghl_is_as_ghl_documents_it() {
    let Some(directory) = contract() else { return };
    let apis = ["contacts", "locations", "calendars"].map(|name| Api::read(&directory, name));
    let mut validated: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    let entries = requests_of_two_syncs().await;
    for property in ["firstName", "email", "phone", "dateOfBirth", "address1", "postalCode", "city", "source", "customFields"] {
        let names_it = |entry: &Entry| serde_json::from_slice::<Value>(&entry.body).is_ok_and(|body| body.get(property).is_some());
        assert!(entries.iter().any(names_it), "no request carries {property}");
    }
    for entry in entries {
        match check(&apis, &entry) {
            Ok(endpoint) => *validated.entry(endpoint).or_default() += 1,
            Err(fault) => faults.push(format!("{} {}: {fault}", entry.method, entry.path)),
        }
    }
    say(&format!("validated requests: {validated:#?}"));
    assert_eq!(faults, [""; 0]);
    for endpoint in [
        "POST /contacts/",
        "PUT /contacts/{contactId}",
        "POST /contacts/search",
        "GET /locations/{locationId}/customFields",
        "GET /calendars/events",
        "POST /calendars/events/appointments",
        "PUT /calendars/events/appointments/{eventId}",
    ] {
        assert!(validated.contains_key(endpoint), "{endpoint} was never called");
    }
}

#[test]
fn a_request_that_ghl_does_not_document_is_found() {
    let Some(directory) = contract() else { return };
    let apis = ["contacts", "locations", "calendars"].map(|name| Api::read(&directory, name));
    let good = json!({ "locationId": "l", "firstName": "Anna", "email": null, "dateOfBirth": "1990-09-25" });
    assert_eq!(check(&apis, &request("POST", "/contacts/", "2021-07-28", &good)), Ok("POST /contacts/".to_owned()));
    let wrong = [
        ("the slash is missing", request("POST", "/contacts", "2021-07-28", &good)),
        ("the method is another", request("PATCH", "/contacts/c1", "2021-07-28", &good)),
        ("the version is another", request("POST", "/contacts/", "2020-01-01", &good)),
        ("the location is missing", request("POST", "/contacts/", "2021-07-28", &json!({ "firstName": "Anna" }))),
        ("a name is a number", request("POST", "/contacts/", "2021-07-28", &json!({ "locationId": "l", "firstName": 1 }))),
        ("null is not allowed there", request("POST", "/contacts/", "2021-07-28", &json!({ "locationId": "l", "postalCode": null }))),
        ("an update names the location", request("PUT", "/contacts/c1", "2021-07-28", &good)),
        ("a search has no limit", request("POST", "/contacts/search", "2021-07-28", &json!({ "locationId": "l" }))),
        ("the query is missing", request("GET", "/contacts/search/duplicate", "2021-07-28", &Value::Null)),
    ];
    for (what, entry) in wrong {
        assert!(check(&apis, &entry).is_err(), "{what}");
    }
}

#[test]
fn every_documented_contact_is_read() {
    let Some(directory) = contract() else { return };
    let api = Api::read(&directory, "contacts");
    let mut read = Vec::new();
    for (name, schema) in api.schemas().iter().filter(|(name, schema)| is_answer(name) && !schema["properties"].is_null()) {
        let example = api.example(schema);
        for contact in contacts_within(&example).filter(|contact| contact["id"].is_string()) {
            let decoded = Contact::from_json(contact.to_string().as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(decoded.id, contact["id"], "{name}");
            assert_eq!(decoded.email.text(), contact["email"].as_str(), "{name}");
            read.push(name.as_str());
        }
    }
    say(&format!("decoded answers: {read:?}"));
    for name in ["CreateContactsSuccessfulResponseDto", "ContactsByIdSuccessfulResponseDto", "ContactsSearchSuccessfulResponseDto"] {
        assert!(read.contains(&name), "{name} documents no contact");
    }
}

#[test]
fn every_documented_webhook_of_a_contact_is_read() {
    let Some(directory) = contract() else { return };
    let webhooks = directory.join("../ghl-webhooks");
    let names = ["ContactCreate", "ContactUpdate", "ContactDelete", "ContactTagUpdate", "ContactDndUpdate"];
    for name in names {
        let text = read(&webhooks.join(format!("{name}.example.json")));
        let contact = Contact::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(contact.id, shown["id"], "{name}");
        assert_eq!(contact.first_name.text(), shown["firstName"].as_str(), "{name}");
        assert_eq!(contact.birth_date(), chrono::NaiveDate::from_ymd_opt(2000, 1, 5), "{name}");
    }
    say(&format!("decoded webhooks: {names:?}"));
}

/// Where the OpenAPI files are, or nothing if the tests shall do without them.
fn contract() -> Option<PathBuf> {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return Some(PathBuf::from(directory));
    }
    if std::env::var(WITHOUT).is_ok_and(|value| value == "1") {
        say(&format!("this test did not run: {WITHOUT} is set"));
        return None;
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contract/ghl-openapi");
    assert!(
        shared.exists(),
        "GHL's OpenAPI files are not here: set {DIRECTORY} to the folder that holds apps/contacts.json and apps/locations.json, \
         or set {WITHOUT}=1 to leave these tests out"
    );
    Some(shared)
}

#[expect(clippy::print_stdout, reason = "what was compared belongs in a test's output")]
fn say(what: &str) {
    println!("{what}");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Two syncs with a morning in between, and all that GHL was asked meanwhile.
async fn requests_of_two_syncs() -> Vec<Entry> {
    let mut clinic = Clinic::build(60, 1, Behaviour { rate_limit: None, ..Behaviour::default() });
    let (ephysio, ghl) = clinic.serve().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut settings = clinic.settings(&ephysio.url(), &ghl.url(), &directory.path().join("contract.db"));
    settings.ghl.calls_per_10_seconds = 100_000;
    carry_everything(&mut settings);
    let clients = Clients::new(&settings).unwrap();
    let service = Service::open(settings).await.unwrap();
    let sync = async || {
        for engine in service.engines(&clients).await.unwrap() {
            engine.sweep().await.unwrap();
        }
    };
    sync().await;
    let linked = pairs(&service).await.unwrap();
    morning(&mut clinic, &linked);
    clinic.morning_in_calendars(&linked, &bookings(&service).await.unwrap());
    sync().await;
    sync().await;
    clinic.ghl.journal().entries()
}

/// Birth date and address too, so that there is more to hold against the contract.
fn carry_everything(settings: &mut Settings) {
    let policy = FieldPolicy { direction: Direction::Both, conflict: Conflict::Review, clearing: Clearing::default() };
    for name in ["birth_date", "street", "postal_code", "city"] {
        settings.patients.fields.insert(name.to_owned(), policy);
    }
    assert!(settings.patients.policy().unwrap().fields.contains_key(&FieldName::from_static("birth_date")));
}

fn request(method: &str, path: &str, version: &str, body: &Value) -> Entry {
    let mut headers = http::HeaderMap::new();
    headers.insert("version", version.parse().unwrap());
    headers.insert("authorization", "Bearer x".parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    Entry {
        at: chrono::DateTime::UNIX_EPOCH,
        method: method.parse().unwrap(),
        path: path.to_owned(),
        query: String::new(),
        headers,
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() }.into(),
        status: None,
        fault: None,
    }
}

/// The endpoint that a request belongs to, or what is wrong with it.
fn check(apis: &[Api], entry: &Entry) -> Result<String, String> {
    let method = entry.method.as_str().to_lowercase();
    let found =
        apis.iter().flat_map(|api| api.operations(&method, &entry.path)).min_by_key(|operation| operation.template.matches('{').count());
    let operation = found.ok_or("there is no such endpoint")?;
    operation.check_parameters(entry)?;
    operation.check_body(entry)?;
    Ok(format!("{} {}", entry.method, operation.template))
}

/// One of GHL's OpenAPI files.
struct Api {
    document: Value,
}

/// One endpoint of it.
struct Operation<'a> {
    api: &'a Api,
    template: &'a str,
    description: &'a Value,
}

impl Api {
    fn read(directory: &Path, name: &str) -> Self {
        let mut document = serde_json::from_str(&read(&directory.join(format!("apps/{name}.json")))).unwrap();
        into_json_schema(&mut document);
        Self { document }
    }

    fn schemas(&self) -> &Map<String, Value> {
        self.document["components"]["schemas"].as_object().unwrap()
    }

    fn operations<'a>(&'a self, method: &'a str, path: &'a str) -> impl Iterator<Item = Operation<'a>> {
        let paths = self.document["paths"].as_object().unwrap();
        paths
            .iter()
            .filter(move |(template, _)| fits(template, path))
            .filter_map(move |(template, methods)| Some(Operation { api: self, template, description: methods.get(method)? }))
    }

    /// The schema that a reference within the file stands for.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.map_or(schema, |pointer| self.document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in the file")))
    }

    /// A value as the schema's examples have it.
    fn example(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        if let Some(properties) = schema["properties"].as_object() {
            return properties.iter().map(|(name, property)| (name.clone(), self.example(property))).collect();
        }
        match schema["type"].as_str() {
            Some("array") => json!([self.example(&schema["items"])]),
            Some("string") => json!(""),
            _ => Value::Null,
        }
    }
}

impl Operation<'_> {
    fn check_parameters(&self, entry: &Entry) -> Result<(), String> {
        let query: BTreeMap<_, _> = form_urlencoded::parse(entry.query.as_bytes()).into_owned().collect();
        let parameters = self.description["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let value = match parameter["in"].as_str() {
                Some("header") => entry.headers.get(name).and_then(|value| value.to_str().ok()),
                Some("query") => query.get(name).map(String::as_str),
                _ => continue,
            };
            let allowed = parameter["schema"]["enum"].as_array();
            match value {
                None if parameter["required"] == true => return Err(format!("the parameter {name} is missing")),
                Some(value) if allowed.is_some_and(|allowed| !allowed.iter().any(|one| one == value)) => {
                    return Err(format!("the parameter {name} is none of {allowed:?}"));
                }
                _ => {}
            }
        }
        let documented = |name: &str| parameters.iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == name);
        if let Some(name) = query.keys().find(|name| !documented(name)) {
            return Err(format!("the parameter {name} is not documented"));
        }
        let bearer = entry.headers.get("authorization").is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
        if bearer { Ok(()) } else { Err("the token is missing".to_owned()) }
    }

    fn check_body(&self, entry: &Entry) -> Result<(), String> {
        let schema = &self.description["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            return if entry.body.is_empty() { Ok(()) } else { Err("there is a body, and none is documented".to_owned()) };
        }
        if entry.headers.get("content-type").is_none_or(|value| value != "application/json") {
            return Err("the body is not marked as JSON".to_owned());
        }
        let body: Value = serde_json::from_slice(&entry.body).map_err(|_| "the body is no JSON")?;
        if self.api.resolve(schema)["properties"].as_object().is_some_and(Map::is_empty) {
            // The search: GHL documents its body elsewhere.
            let has_both = body["locationId"].is_string() && body["pageLimit"].is_u64();
            return if has_both { Ok(()) } else { Err("locationId or pageLimit is missing".to_owned()) };
        }
        let mut root = schema.clone();
        root["components"] = self.api.document["components"].clone();
        let validator = jsonschema::validator_for(&root).map_err(|error| error.to_string())?;
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    }
}

/// Whether a path is one that a template such as `/contacts/{contactId}` stands for. A slash at the end counts.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let is_variable = |part: &str| part.starts_with('{') && part.ends_with('}');
    let fits = |(part, actual): (&&str, &&str)| part == actual || (is_variable(part) && !actual.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

/// Turns the schemas of an OpenAPI 3.0 file into JSON Schema. GHL refuses properties that it does not know, so
/// only those that are documented are allowed. Where an example contradicts the type beside it (a date of birth
/// is an `object` such as `1990-09-25`), the example is believed.
fn into_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(into_json_schema),
        Value::Object(members) => {
            members.values_mut().for_each(into_json_schema);
            if members.get("type") == Some(&json!("object")) && members.get("example").is_some_and(Value::is_string) {
                members.insert("type".to_owned(), json!("string"));
            }
            if members.get("type") == Some(&json!("object")) && members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            if members.remove("nullable") == Some(json!(true)) {
                let one = members.remove("type");
                members.insert("type".to_owned(), json!([one, "null"]));
            }
        }
        _ => {}
    }
}

/// Whether a schema is the answer of a call that gives contacts.
fn is_answer(name: &str) -> bool {
    name.contains("Contact") && name.ends_with("SuccessfulResponseDto")
}

/// The contacts in an answer.
fn contacts_within(answer: &Value) -> impl Iterator<Item = &Value> {
    let many = answer["contacts"].as_array().map(Vec::as_slice).unwrap_or_default();
    answer.get("contact").into_iter().chain(many)
}
