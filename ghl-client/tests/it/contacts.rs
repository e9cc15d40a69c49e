use ghl_client::{Client, ContactPatch, Created, ErrorKind, Probe, Verdict};
use sync_http::{Change, Shown};

use crate::{anna, client, client_with, emulator};

async fn created(client: &Client) -> String {
    match client.create_contact(&anna()).await.unwrap() {
        Created::New(contact) => contact.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_created_can_be_read() {
    let client = client(&emulator());
    let id = created(&client).await;
    let contact = client.contact(&id).await.unwrap();
    assert_eq!(contact.email.text(), Some("anna+praxis@example.ch"));
    assert_eq!(contact.phone.text(), Some("+41791234567"));
    assert_eq!(contact.birth_date(), anna().date_of_birth);
    assert!(contact.updated_at().is_some());
    assert_eq!(client.meter().snapshot().calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let client = client(&emulator());
    let id = created(&client).await;
    let patch = ContactPatch {
        city: Change::Set("Bern".to_owned()),
        phone: Change::Clear,
        postal_code: Change::Clear,
        date_of_birth: Change::Clear,
        ..ContactPatch::default()
    };
    client.update_contact(&id, &patch).await.unwrap();
    let contact = client.contact(&id).await.unwrap();
    assert_eq!(contact.city.text(), Some("Bern"));
    assert_eq!(contact.first_name.text(), Some("Anna"));
    assert_eq!((contact.phone.clone(), contact.postal_code.clone()), (Shown::Absent, Shown::Absent));
    assert_eq!(contact.birth_date(), None);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_an_answer_that_names_the_other_contact() {
    let client = client(&emulator());
    let id = created(&client).await;
    let again = client.create_contact(&anna()).await.unwrap();
    assert_eq!(again, Created::Exists { id, matching_field: Some("email".to_owned()) });
}

#[tokio::test(start_paused = true)]
async fn an_update_to_the_address_of_another_contact_is_a_conflict() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = created(&client).await;
    let other = emulator.front_desk().create(serde_json::json!({ "firstName": "Beat" }));
    let patch = ContactPatch { email: Change::Set("anna+praxis@example.ch".to_owned()), ..ContactPatch::default() };
    let error = client.update_contact(&other, &patch).await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Conflict, Verdict::Permanent));
    assert_eq!(error.existing().unwrap().id, id);
    assert!(error.trace_id().is_some());
    assert!(!format!("{error} {error:?}").contains("Anna"));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_contact_is_not_found_whatever_its_status() {
    let client = client(&emulator());
    for error in [
        client.contact("nobody").await.unwrap_err(),
        client.delete_contact("nobody").await.unwrap_err(),
        client.update_contact("nobody", &ContactPatch::default()).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::NotFound, 400), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_looked_up_by_encoded_address_and_number() {
    let client = client(&emulator());
    let id = created(&client).await;
    let by_email = Probe { email: anna().email, phone: None };
    let by_phone = Probe { email: None, phone: anna().phone };
    for probe in [by_email, by_phone] {
        assert_eq!(client.duplicate(&probe).await.unwrap().unwrap().id, id);
    }
    let nobody = Probe { email: Some("nobody@example.ch".to_owned()), phone: None };
    assert_eq!(client.duplicate(&nobody).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_upsert_says_whether_it_created() {
    let client = client(&emulator());
    assert!(client.upsert_contact(&anna()).await.unwrap().new);
    let again = client.upsert_contact(&anna()).await.unwrap();
    assert!(!again.new);
    assert_eq!(again.contact.first_name.text(), Some("Anna"));
}

#[tokio::test(start_paused = true)]
async fn tags_come_and_go_one_by_one() {
    let client = client(&emulator());
    let id = created(&client).await;
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    client.add_tags(&id, &tags(&["a", "b"])).await.unwrap();
    client.remove_tags(&id, &tags(&["a"])).await.unwrap();
    assert_eq!(client.contact(&id).await.unwrap().tags.value(), Some(&tags(&["b"])));
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_gone() {
    let client = client(&emulator());
    let id = created(&client).await;
    client.delete_contact(&id).await.unwrap();
    assert_eq!(client.contact(&id).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_says_what_to_do() {
    let emulator = emulator();
    let error = client_with(&emulator, "pit-other").contact("c").await.unwrap_err();
    assert_eq!((error.kind(), error.verdict()), (ErrorKind::Unauthorized, Verdict::Permanent));
    assert!(error.to_string().contains("create a new one in the location's settings"), "{error}");
    assert_eq!(emulator.journal().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_token_of_another_location_is_forbidden() {
    let emulator = emulator();
    let config = ghl_client::Config::new("other-location", "pit-demo").unwrap();
    let transport = std::sync::Arc::new(sync_http::ServiceTransport::new(emulator.stage()));
    let client = Client::with_transport(config, transport).unwrap();
    assert_eq!(client.create_contact(&anna()).await.unwrap_err().kind(), ErrorKind::Forbidden);
}
