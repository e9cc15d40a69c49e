use std::time::Duration;

use futures::TryStreamExt;
use ghl_client::{Contact, ContactPage, ContactSearch, Cursor, Filter};
use serde_json::json;

use crate::{anna, client, emulator};

fn ids(pages: &[ContactPage]) -> Vec<String> {
    let contacts = pages.iter().flat_map(|page| &page.contacts);
    contacts.map(|raw| Contact::from_json(raw).unwrap().id).collect()
}

#[tokio::test(start_paused = true)]
async fn all_contacts_are_listed_over_all_pages() {
    let emulator = emulator();
    let mut expected: Vec<String> =
        (0..23).map(|number| emulator.front_desk().create(json!({ "firstName": format!("N{number}") }))).collect();
    let search = ContactSearch { page_limit: 5, ..ContactSearch::default() };
    let pages: Vec<ContactPage> = client(&emulator).contacts(search).try_collect().await.unwrap();
    assert_eq!(pages.len(), 5);
    assert!(pages.iter().all(|page| page.total == Some(23)));
    let mut found = ids(&pages);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn a_last_page_that_is_full_is_followed_by_an_empty_one() {
    let emulator = emulator();
    for _ in 0..4 {
        emulator.front_desk().create(json!({ "firstName": "N" }));
    }
    let search = ContactSearch { page_limit: 2, ..ContactSearch::default() };
    let pages: Vec<ContactPage> = client(&emulator).contacts(search).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.contacts.len()).collect::<Vec<_>>(), [2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_kept_cursor_goes_on_where_it_stood() {
    let emulator = emulator();
    for _ in 0..4 {
        emulator.front_desk().create(json!({ "firstName": "N" }));
    }
    let client = client(&emulator);
    let search = ContactSearch { page_limit: 3, ..ContactSearch::default() };
    let first = client.contacts_page(&search).await.unwrap();
    let kept = first.next.clone().unwrap().as_json().to_owned();
    let rest = ContactSearch { after: Some(Cursor::from_json(kept).unwrap()), ..search };
    let rest = client.contacts_page(&rest).await.unwrap();
    assert_eq!(rest.contacts.len(), 1);
    assert!(!ids(&[first]).contains(&ids(&[rest])[0]));
}

#[tokio::test(start_paused = true)]
async fn the_search_lags_and_the_lookup_of_duplicates_does_not() {
    let emulator = emulator();
    emulator.set_search_lag(Duration::from_secs(3));
    let client = client(&emulator);
    client.create_contact(&anna()).await.unwrap();
    let search = ContactSearch::by(Filter::eq("email", "anna+praxis@example.ch"));
    assert!(client.contacts_page(&search).await.unwrap().contacts.is_empty());
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(client.contacts_page(&search).await.unwrap().contacts.len(), 1);
}
