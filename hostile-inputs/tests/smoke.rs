//! A few hundred inputs for each body, most of which look almost right.
#![expect(clippy::unwrap_used, reason = "in a test, a failure is the report")]

use hostile_inputs::{ephysio, ghl, kept, normalisation, settings, webhook};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A value that must not come up in a refusal.
const SECRET: &str = "pit-kanarien-77c3b0";

/// Any value, as a vendor or a stranger may put it where a text is expected.
fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!("")),
        ".{0,40}".prop_map(Value::from),
        "[0-9+. /()-]{0,20}".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?(Z|[+-][0-9]{2}:[0-9]{2})?)?".prop_map(Value::from),
        "[0-9]{2}\\.[0-9]{2}\\.[0-9]{4}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An object with some of these members, and any values.
fn any_object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let member = (prop::sample::select(names), any_value());
    prop::collection::vec(member, 0..12).prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

const OF_GHL: &[&str] = &[
    "id",
    "firstName",
    "lastName",
    "email",
    "phone",
    "address1",
    "postalCode",
    "city",
    "country",
    "dateOfBirth",
    "dateUpdated",
    "tags",
    "type",
    "customFields",
    "deleted",
    "dnd",
    "dndSettings",
    "calendarId",
    "contactId",
    "startTime",
    "endTime",
    "appointmentStatus",
    "title",
];
const OF_EPHYSIO: &[&str] = &[
    "id",
    "firstName",
    "lastName",
    "street",
    "zip",
    "city",
    "dateOfBirth",
    "sex",
    "email",
    "phone",
    "status",
    "comment",
    "language",
    "start",
    "end",
    "patientId",
    "eventTypeId",
    "clientId",
    "adminInfoId",
    "user_id",
];
const OF_WEBHOOKS: &[&str] = &["type", "id", "locationId", "webhookId", "timestamp", "appId", "appointment", "firstName", "customFields"];
const OF_TOKENS: &[&str] = &["access_token", "refresh_token", "expires_at", "user_type", "location_id", "scopes", "approved_locations"];

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// Values that no setting wants, or that are too much of what it wants.
fn odd_values() -> Vec<String> {
    let secret = [
        format!("\"{SECRET}\""),
        format!("[\"{SECRET}\"]"),
        format!("{{ mark = \"{SECRET}\", other = 1 }}"),
        format!("\"\"\"\n{SECRET}\n\"\"\""),
        SECRET.to_owned(),
    ];
    let numbers = [i64::MAX, i64::MIN, i64::from(u32::MAX), -1, 0].map(|number| number.to_string());
    let others = ["true", "1e300", "nan", "\"\"", "2026-11-24T05:18:26Z", "["].map(str::to_owned);
    secret.into_iter().chain(numbers).chain(others).collect()
}

/// Each setting of the example by itself, in its table, commented out there or not.
fn each_setting_as(value: &str) -> Vec<String> {
    let mut table = "";
    let mut texts = Vec::new();
    for line in clinic_sync::settings::EXAMPLE.lines().map(|line| line.trim_start_matches("# ")) {
        match line.split_once(" = ") {
            None if line.starts_with('[') => table = line,
            Some((key, _)) if !key.contains(' ') => texts.push(format!("{table}\n{key} = {value}\n")),
            _ => {}
        }
    }
    texts
}

#[test]
fn every_setting_with_an_odd_value_is_read_or_refused_without_it() {
    let read = |value: &str| each_setting_as(value).iter().filter(|text| clinic_sync::Settings::parse(text).is_ok()).count();
    assert!(read("0") > 20 && read("true") > 2, "the example was not understood");
    for text in odd_values().iter().flat_map(|value| each_setting_as(value)) {
        settings(text.as_bytes());
        if let Err(refusal) = clinic_sync::Settings::parse(&text) {
            assert!(!refusal.contains(SECRET), "{refusal}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_webhook_is_refused_or_read(length in any::<u8>(), signature in "[A-Za-z0-9+/=]{0,90}", body in any_object(OF_WEBHOOKS), noise in any::<Vec<u8>>()) {
        webhook(&noise);
        webhook(&[&[u8::try_from(signature.len()).unwrap()], signature.as_bytes(), &bytes(&body)].concat());
        webhook(&[&[length], bytes(&body).as_slice()].concat());
    }

    #[test]
    fn any_webhook_of_a_known_type_is_read(kind in prop::sample::select(vec!["ContactCreate", "AppointmentUpdate", "INSTALL", "TaskCreate", "UserCreate"]), mut body in any_object(OF_WEBHOOKS)) {
        body["type"] = json!(kind);
        body["id"] = json!("c1");
        webhook(&[&[0], bytes(&body).as_slice()].concat());
    }

    #[test]
    fn any_answer_of_ghl_is_read_or_refused(mut record in any_object(OF_GHL), noise in any::<Vec<u8>>(), cut in any::<prop::sample::Index>()) {
        ghl(&noise);
        record["id"] = json!("c1");
        let text = bytes(&record);
        ghl(&text);
        ghl(&text[..cut.index(text.len())]);
    }

    #[test]
    fn any_answer_of_ephysio_is_read_or_refused(mut record in any_object(OF_EPHYSIO), noise in any::<Vec<u8>>(), cut in any::<prop::sample::Index>()) {
        ephysio(&noise);
        record["id"] = json!(7);
        let text = bytes(&record);
        ephysio(&text);
        ephysio(&text[..cut.index(text.len())]);
    }

    #[test]
    fn any_value_settles_at_once(text in ".{0,60}", number in "(0|\\+41|0041)(79|44)\\s{0,2}[0-9]{3}\\s{0,2}[0-9]{4}|[+0-9 ().\\s-]{0,24}", day in "[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}", noise in any::<Vec<u8>>()) {
        normalisation(text.as_bytes());
        normalisation(number.as_bytes());
        normalisation(day.as_bytes());
        normalisation(&noise);
    }

    #[test]
    fn any_text_is_settings_or_refused(noise in "(\\[?[a-z_.]{0,12}\\]?( = .{0,12})?\n){0,6}", text in ".{0,200}") {
        settings(noise.as_bytes());
        settings(text.as_bytes());
    }

    #[test]
    fn whatever_was_kept_is_read_back_or_refused(text in ".{0,60}", id in "[0-9a-f]{30,34}", cursor in any_value(), mut tokens in any_object(OF_TOKENS)) {
        kept(text.as_bytes());
        kept(id.as_bytes());
        kept(&bytes(&json!([cursor])));
        kept(&bytes(&cursor));
        tokens["access_token"] = json!("a");
        tokens["expires_at"] = json!("2026-11-24T05:18:26Z");
        tokens["user_type"] = json!("Location");
        kept(&bytes(&tokens));
    }
}
