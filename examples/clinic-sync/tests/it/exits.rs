//! Exit codes, and what the commands print for programs and for people.

use emulator_kit::{Fault, Reply, Rule};
use serde_json::{Value, json};

use crate::house::House;

/// The names of an object's members.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_plan_says_2_while_there_is_something_to_do_and_0_after_it_was_done() {
    let (house, _) = House::of(4).await;
    let plan = house.run(&["plan"]).await;
    assert_eq!(plan.code, Some(2), "{plan:?}");
    assert!(plan.says(&["GHL", "create", "4"]), "{plan:?}");
    house.sync().await;
    let plan = house.run(&["plan"]).await;
    assert_eq!((plan.code, plan.out.as_str()), (Some(0), "nothing to do\n"));
}

#[tokio::test]
async fn a_plan_writes_nothing_anywhere() {
    let (mut house, patients) = House::of(4).await;
    house.set("database_url", house.path("data/clinic.db").display().to_string());
    let mark = house.mark();
    let plan = house.run(&["plan", "--json"]).await;
    assert_eq!((plan.code, house.written(mark), house.contacts()), (Some(2), 0, 0));
    assert_eq!(plan.json()["kinds"][0]["operations"].as_array().unwrap().len(), 4);
    assert!(!house.path("data").exists(), "no database, no key, no directory");
    house.sync().await;
    house.in_ephysio(patients[0], |patient| patient.email = "neu@example.ch".to_owned());
    let (service, _) = house.open().await;
    service.store().close().await;
    let database = std::fs::read(house.path("data/clinic.db")).unwrap();
    let mark = house.mark();
    assert_eq!(house.run(&["plan"]).await.code, Some(2));
    let (service, _) = house.open().await;
    service.store().close().await;
    assert_eq!(house.written(mark), 0);
    assert!(std::fs::read(house.path("data/clinic.db")).unwrap() == database, "not a byte of the database");
}

#[tokio::test]
async fn what_a_plan_announces_is_what_a_sync_does() {
    let (house, patients) = House::of(4).await;
    house.sync().await;
    house.in_ephysio(patients[1], |patient| patient.email = "neu@example.ch".to_owned());
    house.admit(7);
    let plan = house.run(&["plan", "--json"]).await.json();
    let plan = &plan["kinds"][0];
    assert_eq!(keys(plan), ["brakes", "counts", "kind", "operations", "reviews"]);
    let told: Vec<(&Value, &Value)> =
        plan["operations"].as_array().unwrap().iter().map(|operation| (&operation["action"], &operation["side"])).collect();
    let right = json!("right");
    assert_eq!(told, [(&json!("create"), &right), (&json!("update"), &right)]);
    assert!(!plan.to_string().contains("example.ch"), "ids and names of fields only");
    let ghl = &house.sync().await["kinds"][0]["ghl"];
    assert_eq!((&ghl["created"], &ghl["updated"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn the_first_sync_is_not_begun_without_being_asked_for_by_name() {
    let (house, _) = House::of(3).await;
    for arguments in [["sync"], ["serve"]] {
        let ran = house.run(&arguments).await;
        assert!(ran.code == Some(64) && ran.says(&["--first-sync", "workflows"]), "{ran:?}");
    }
    assert_eq!(house.contacts(), 0);
    house.sync().await;
    assert_eq!((house.run(&["sync"]).await.code, house.contacts()), (Some(0), 3), "later syncs need no word");
}

#[tokio::test]
async fn a_sync_says_0_when_done_3_with_open_questions_and_1_when_it_failed() {
    let (house, patients) = House::of(4).await;
    assert_eq!(house.run(&["sync", "--first-sync"]).await.code, Some(0));
    house.in_ghl(&house.contact_of(patients[0]).await, json!({ "phone": "+41791112233" }));
    let asked = house.run(&["sync"]).await;
    assert_eq!(asked.code, Some(3));
    assert!(asked.says(&["1 item waits for a person", "clinic-sync review list"]), "{asked:?}");
    house.clinic.ephysio.faults().add(Rule::on("/patients", Fault::Refuse(Reply::new(403, "{}"))).times(usize::MAX));
    let failed = house.run(&["sync"]).await;
    assert_eq!((failed.code, failed.out.is_empty()), (Some(1), true), "{failed:?}");
}

#[tokio::test]
async fn a_sync_prints_one_object_with_its_documented_members() {
    let (house, _) = House::of(4).await;
    let report = house.sync().await;
    assert_eq!(keys(&report), ["calls", "duration_ms", "kinds", "open_reviews", "retries", "throttled"]);
    let [kind] = &report["kinds"].as_array().unwrap()[..] else { panic!("one kind") };
    assert_eq!(keys(kind), ["brakes", "ephysio", "ghl", "kind", "run"]);
    for side in ["ephysio", "ghl"] {
        assert_eq!(keys(&kind[side]), ["created", "failed", "parked", "removed", "review", "scanned", "unchanged", "updated"]);
    }
    assert_eq!((&kind["ephysio"]["scanned"], &kind["ghl"]["created"]), (&json!(4), &json!(4)));
    assert_eq!(report["calls"]["contacts.create"], 4);
}

#[tokio::test]
async fn wrong_usage_is_64_and_says_what_is_right() {
    let (house, patients) = House::of(1).await;
    let first = house.run(&["sync"]).await;
    assert_eq!(first.code, Some(64), "the first sync is asked for by name");
    assert!(first.says(&["first sync", "source \"clinic-sync\"", "clinic-sync plan", "clinic-sync sync --first-sync"]), "{first:?}");
    assert_eq!(house.contacts(), 0);
    house.sync().await;
    let patient = patients[0].to_string();
    for (arguments, word) in [
        (&["frobnicate"][..], "frobnicate"),
        (&[], "Usage"),
        (&["sync", "appointmints"], "appointmints"),
        (&["link", &patient], "CONTACT"),
        (&["unlink"], "--patient"),
        (&["unlink", "--patient", "1"], "never seen by a sync"),
        (&["review", "show", "beef"], "clinic-sync review list"),
        (&["review", "resolve", "beef", "ephysio"], "clinic-sync review list"),
        (&["review", "resolve", "beef", "perhaps"], "keep-both"),
    ] {
        let ran = house.run(arguments).await;
        assert_eq!(ran.code, Some(64), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(word) && ran.out.is_empty(), "{arguments:?}: {ran:?}");
    }
    for asked in ["--help", "--version"] {
        assert_eq!(house.run(&[asked]).await.code, Some(0));
    }
}

#[tokio::test]
async fn the_doctor_says_what_to_do_and_can_do_some_of_it() {
    let (mut house, _) = House::of(2).await;
    assert_eq!(house.run(&["doctor"]).await.code, Some(0));
    house.set("ghl.token_field", "contact.new_token");
    let ill = house.run(&["doctor"]).await;
    assert_eq!(ill.code, Some(1));
    assert!(ill.says(&["BAD custom fields", "contact.new_token", "clinic-sync doctor --fix"]), "{ill:?}");
    let mark = house.mark();
    assert_eq!(house.run(&["doctor", "--fix"]).await.code, Some(0));
    assert_eq!(house.written(mark), 1, "the field, and nothing else");
    let well = house.run(&["doctor"]).await;
    assert_eq!((well.code, house.contacts()), (Some(0), 0));
    assert!(well.says(&["all is well", "logged in", "the token is accepted"]), "{well:?}");
    house.env("EPHYSIO_PASSWORD", "geheim");
    house.env("GHL_PRIVATE_INTEGRATION_TOKEN", "pit-geheim");
    let ill = house.run(&["doctor"]).await;
    assert_eq!(ill.code, Some(1));
    assert!(ill.says(&["BAD e-Physio", "password", "BAD GHL", "token", "please see to what is marked BAD"]), "{ill:?}");
    assert!(!ill.says(&["geheim"]));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    house.set("ephysio.base_url", format!("http://{nobody}"));
    house.set("ghl.base_url", format!("http://{nobody}"));
    let ill = house.run(&["doctor"]).await;
    assert!(ill.says(&["BAD e-Physio", "BAD GHL", "[ephysio]", "cannot be reached"]), "{ill:?}");
    assert_eq!((ill.code, ill.out.matches("check the network").count()), (Some(1), 2), "{ill:?}");
}

#[tokio::test]
async fn the_doctor_speaks_json_too() {
    let (house, _) = House::of(2).await;
    let findings = house.run(&["doctor", "--json"]).await.json();
    for finding in findings.as_array().unwrap() {
        assert_eq!((keys(finding), &finding["ok"]), (vec!["check", "ok", "says"], &json!(true)), "{finding}");
    }
}

#[tokio::test]
async fn the_example_of_the_settings_passes_their_check() {
    let house = House::new().await;
    let example = house.run(&["config", "example"]).await;
    assert_eq!(example.code, Some(0));
    let checked = house.run_with(&example.out, &["config", "check"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let checked = house.run_with("", &["config", "check"]).await;
    assert_eq!(checked.code, Some(1));
    assert!(checked.says(&["EPHYSIO_EMAIL", "GHL_LOCATION_ID", "consent"]), "all that is missing at once: {checked:?}");
}

#[tokio::test]
async fn the_demo_loses_and_doubles_nobody_and_shows_an_edit_by_its_webhook() {
    let (house, _) = House::of(0).await;
    let demo = house.run(&["demo", "--once", "--patients", "40"]).await;
    assert!(demo.code == Some(0) && demo.says(&["by a webhook, e-Physio showed it", " ms later", "\n0 duplicates, 0 lost"]), "{demo:?}");
}
