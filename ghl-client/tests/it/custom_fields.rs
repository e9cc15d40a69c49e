use ghl_client::{ContactPatch, ContactSearch, Created, CustomFieldWrite, Filter, NewContact, NewCustomField};

use crate::{anna, client, emulator};

#[tokio::test(start_paused = true)]
async fn a_field_is_defined_written_read_and_found() {
    let client = client(&emulator());
    let field = NewCustomField { name: "Sync Token".into(), data_type: "TEXT".into(), placeholder: None };
    let field = client.create_custom_field(&field).await.unwrap();
    let listed = client.custom_fields().await.unwrap();
    assert!(listed.iter().any(|listed| listed.id == field.id && listed.name.text() == Some("Sync Token")));

    let value = |value: &str| vec![CustomFieldWrite { id: field.id.clone(), value: value.into() }];
    let contact = NewContact { custom_fields: value("tok-1"), ..anna() };
    let Created::New(contact) = client.create_contact(&contact).await.unwrap() else { panic!("not created") };
    let read = client.contact(&contact.id).await.unwrap();
    assert_eq!(read.custom_field(&field.id), Some(&"tok-1".into()));

    let search = ContactSearch::by(Filter::custom_field(&field.id, "tok-1"));
    assert_eq!(client.contacts_page(&search).await.unwrap().contacts.len(), 1);

    let patch = ContactPatch { custom_fields: value("tok-2"), ..ContactPatch::default() };
    client.update_contact(&contact.id, &patch).await.unwrap();
    let read = client.contact(&contact.id).await.unwrap();
    assert_eq!(read.custom_field(&field.id), Some(&"tok-2".into()));
}
