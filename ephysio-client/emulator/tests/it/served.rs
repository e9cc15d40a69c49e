use ephysio_emulator::{Fault, Quirks, Reply, Rule};
use serde_json::{Value, json};

use crate::support::{Caller, anna, beat, emulator};

#[tokio::test]
async fn the_served_emulator_lists_what_the_practice_holds() {
    let emulator = emulator(Quirks::default());
    emulator.practice().create(beat());
    let running = emulator.serve().await.unwrap();
    let base = format!("{}/api/1.0", running.url());
    let client = reqwest::Client::new();
    let credentials = json!({ "email": "praxis@example.ch", "password": "demo-password" });
    let login: Value = client.post(format!("{base}/token")).json(&credentials).send().await.unwrap().json().await.unwrap();
    let list = client
        .get(format!("{base}/patients?status=1"))
        .bearer_auth(login["token"].as_str().unwrap())
        .header("X-CRYPTO-KEY", login["keys"][0]["key"].as_str().unwrap());
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    assert_eq!(list[0]["lastName"], "Keller");
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_has_created() {
    let emulator = emulator(Quirks::default());
    let caller = Caller::new(&emulator).await;
    emulator.faults().add(Rule::on("/patients/request", Fault::Replace(Reply::new(502, "<html>"))));
    let mark = emulator.journal().len();
    let request = http::Request::post("/api/1.0/patients/request").header("content-type", "application/json");
    let request = caller.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let request = request.body(anna().to_string().into()).unwrap();
    let response = tower::ServiceExt::oneshot(emulator.stage(), request).await.unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(emulator.practice().patients().len(), 1);
    let entry = emulator.journal().since(mark).remove(0);
    assert!(entry.succeeded());
    assert_eq!(entry.path, "/api/1.0/patients/request");
}
