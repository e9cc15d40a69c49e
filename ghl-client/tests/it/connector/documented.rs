//! The contacts that GHL's own OpenAPI files show as examples. They are not in this repository: `GHL_OPENAPI_DIR` says
//! where they are. `CLINIC_SYNC_WITHOUT_CONTRACT=1` says that there are none, and then the test says that it did not run.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sync_core::{Field, vocabulary::person};

use super::{connector, decode, prepared};

/// An example of a schema, put together from the examples of its properties.
fn example(schemas: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return example(schemas, &schemas[name.rsplit('/').next().unwrap()]);
    }
    match (&schema["example"], &schema["properties"], &schema["items"]) {
        (Value::Null, Value::Object(properties), _) => {
            let members = properties.iter().map(|(name, property)| (name.clone(), example(schemas, property)));
            members.collect::<Map<_, _>>().into()
        }
        (Value::Null, _, Value::Object(_)) => Value::Array(vec![example(schemas, &schema["items"])]),
        (example, ..) => example.clone(),
    }
}

/// Where GHL's files are: as the environment says, or beside the checkout.
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("GHL_OPENAPI_DIR") {
        return Some(folder.into());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/contract/ghl-openapi");
    if beside.is_dir() {
        return Some(beside);
    }
    let without = std::env::var("CLINIC_SYNC_WITHOUT_CONTRACT").is_ok_and(|value| value == "1");
    assert!(without, "set GHL_OPENAPI_DIR to GHL's OpenAPI files, or CLINIC_SYNC_WITHOUT_CONTRACT=1 to do without");
    println!("GHL's documented examples were not read: CLINIC_SYNC_WITHOUT_CONTRACT is set");
    None
}

#[tokio::test(start_paused = true)]
async fn the_examples_of_all_answers_decode() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read(folder.join("apps/contacts.json")).unwrap();
    let api: Value = serde_json::from_slice(&text).unwrap();
    let schemas = &api["components"]["schemas"];
    let connector = connector(&prepared()).await;
    for answer in ["ContactsByIdSuccessfulResponseDto", "CreateContactsSuccessfulResponseDto", "UpdateContactsSuccessfulResponseDto"] {
        let contact = example(schemas, &schemas[answer]["properties"]["contact"]);
        let record = decode(&connector, &contact.to_string()).unwrap_or_else(|error| panic!("{answer}: {error:?}"));
        assert_eq!(record.id.as_str(), contact["id"].as_str().unwrap(), "{answer}");
        let shown = record.fields.get(&person::EMAIL);
        assert_eq!(shown, contact["email"].as_str().map_or(Field::Empty, Field::Value), "{answer}");
    }
}
