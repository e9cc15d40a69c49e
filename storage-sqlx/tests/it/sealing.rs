//! What a person could read does not come to rest readable.

use secrecy::{ExposeSecret, SecretString};
use storage_sqlx::MasterKey;
use sync_core::testing::sample::{OTHER_TENANT, TENANT, at, half, link_id, pre_image, review, storing};
use sync_core::{Changes, Link, ReviewQuery, TenantId};

use crate::place::{Place, on_every_store};
use crate::{KEY, OTHER_KEY};

on_every_store![
    nothing_sealed_is_readable_where_it_rests,
    secrets_are_kept_replaced_and_deleted,
    a_secret_takes_the_place_of_the_expected_one_only,
    tenants_have_keys_of_their_own,
    after_a_rotation_everything_opens_with_the_new_key_and_nothing_with_the_old,
    something_sealed_opens_in_its_own_place_only,
    old_values_are_purged_when_their_time_is_up,
    nothing_about_an_erased_person_opens_again,
];

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn with_values() -> Changes {
    let images = vec![pre_image(link_id(1), Some("canary before"), 0), pre_image(link_id(1), None, 10)];
    Changes { opened: vec![review(1, Some(link_id(1)), 0), review(2, None, 1)], pre_images: images, ..storing([half(1, "L1")]) }
}

const ALL: ReviewQuery = ReviewQuery { id: None, kind: None, link: None, values: true };

async fn nothing_sealed_is_readable_where_it_rests(place: &Place) {
    let store = place.open().await;
    store.commit(&TENANT, with_values()).await.unwrap();
    store.vault().put(&TENANT, "canary name", &SecretString::from("canary secret")).await.unwrap();
    let digests = *store.tenant_key(&TENANT).await.unwrap().bytes();
    for moment in ["open", "closed"] {
        let bytes = place.bytes().await;
        assert!(contains(&bytes, "canary name"), "names are readable, so the search finds what is there ({moment})");
        for canary in ["canary-1", "canary-2", "example.test", "canary before", "canary secret", KEY] {
            assert!(!contains(&bytes, canary), "{canary} is readable in the {moment} store");
        }
        assert!(!bytes.windows(32).any(|window| window == digests), "the digests' key is in the {moment} store");
        store.close().await;
    }
}

async fn secrets_are_kept_replaced_and_deleted(place: &Place) {
    let store = place.open().await;
    let read = async |name| store.vault().get(&TENANT, name).await.unwrap().map(|secret| secret.expose_secret().to_owned());
    assert_eq!(read("token").await, None);
    store.vault().put(&TENANT, "token", &"one".into()).await.unwrap();
    store.vault().put(&TENANT, "other", &"".into()).await.unwrap();
    store.vault().put(&TENANT, "token", &"two".into()).await.unwrap();
    assert_eq!(read("token").await.as_deref(), Some("two"));
    assert_eq!(read("other").await.as_deref(), Some(""));
    assert!(store.vault().get(&OTHER_TENANT, "token").await.unwrap().is_none());
    assert!(!store.vault().delete(&OTHER_TENANT, "token").await.unwrap());
    assert!(store.vault().delete(&TENANT, "token").await.unwrap());
    assert!(!store.vault().delete(&TENANT, "token").await.unwrap());
    assert_eq!(read("token").await, None);
}

async fn a_secret_takes_the_place_of_the_expected_one_only(place: &Place) {
    let store = place.open().await;
    let swap = async |old: Option<&str>, new: &str| {
        let old = old.map(SecretString::from);
        store.vault().swap(&TENANT, "token", old.as_ref(), &new.into()).await.unwrap()
    };
    assert!(!swap(Some("one"), "two").await, "there is none yet");
    assert!(swap(None, "one").await);
    assert!(!swap(None, "other").await);
    let (first, second) = tokio::join!(swap(Some("one"), "two"), swap(Some("one"), "three"));
    assert!(first != second, "of two at once, one wins");
    let kept = store.vault().get(&TENANT, "token").await.unwrap().unwrap();
    assert_eq!(kept.expose_secret(), if first { "two" } else { "three" });
}

async fn tenants_have_keys_of_their_own(place: &Place) {
    let store = place.open().await;
    let (tenant, other) = (TENANT, OTHER_TENANT);
    let (one, other) = tokio::join!(store.tenant_key(&tenant), store.tenant_key(&other));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.bytes(), other.bytes());
    assert_eq!((one.version(), one.digester().version()), (1, 1));
    let (again, at_once) = tokio::join!(store.tenant_key(&tenant), store.tenant_key(&tenant));
    assert_eq!((again.unwrap().bytes(), at_once.unwrap().bytes()), (one.bytes(), one.bytes()));
}

async fn after_a_rotation_everything_opens_with_the_new_key_and_nothing_with_the_old(place: &Place) {
    let store = place.open().await;
    store.commit(&TENANT, with_values()).await.unwrap();
    store.vault().put(&TENANT, "token", &"one".into()).await.unwrap();
    store.vault().put(&OTHER_TENANT, "token", &"two".into()).await.unwrap();
    let digests = *store.tenant_key(&TENANT).await.unwrap().bytes();
    let reviews = store.reviews(&TENANT, &ALL).await.unwrap();
    let new = MasterKey::from_base64(OTHER_KEY).unwrap();
    assert_eq!(store.rotate(&new).await.unwrap(), 2);
    assert_eq!(store.vault().get(&TENANT, "token").await.unwrap().unwrap().expose_secret(), "one", "the open store goes on");
    let error = store.tenant_key(&TenantId::new("newcomer")).await.unwrap_err();
    assert!(error.to_string().contains("changed meanwhile"), "{error}");
    assert!(store.rotate(&new).await.is_err(), "it is another key's by now");
    store.close().await;

    let error = place.open_with(crate::key()).await.unwrap_err();
    assert!(error.to_string().contains("does not fit"), "{error}");
    let store = place.open_with(new).await.unwrap();
    assert_eq!(store.vault().get(&OTHER_TENANT, "token").await.unwrap().unwrap().expose_secret(), "two");
    assert_eq!(*store.tenant_key(&TENANT).await.unwrap().bytes(), digests, "digests are compared as before");
    assert_eq!(store.reviews(&TENANT, &ALL).await.unwrap(), reviews);
    assert!(store.tenant_key(&TenantId::new("newcomer")).await.is_ok());
}

async fn something_sealed_opens_in_its_own_place_only(place: &Place) {
    let store = place.open().await;
    store.vault().put(&TENANT, "one", &"first".into()).await.unwrap();
    store.vault().put(&TENANT, "two", &"second".into()).await.unwrap();
    store.close().await;
    place.execute("UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE name = 'two')").await;
    let store = place.open().await;
    let error = store.vault().get(&TENANT, "one").await.unwrap_err();
    assert!(error.to_string().contains("cannot be opened"), "{error}");
    assert_eq!(store.vault().get(&TENANT, "two").await.unwrap().unwrap().expose_secret(), "second");
}

async fn old_values_are_purged_when_their_time_is_up(place: &Place) {
    let store = place.open().await;
    store.commit(&TENANT, with_values()).await.unwrap();
    let until = pre_image(link_id(1), None, 0).until;
    assert_eq!(store.purge(at(0)).await.unwrap(), 0);
    assert_eq!(store.purge(until).await.unwrap(), 1);
    let left = store.pre_images(&TENANT, link_id(1)).await.unwrap();
    assert!(left == [pre_image(link_id(1), None, 10)]);
}

async fn nothing_about_an_erased_person_opens_again(place: &Place) {
    let store = place.open().await;
    store.commit(&TENANT, with_values()).await.unwrap();
    store.close().await;
    let [salt] = &place.salts().await[..] else { panic!("one person has a salt") };
    assert!(place.bytes().await.windows(16).any(|window| window == salt));

    let store = place.open().await;
    let erased = Link { version: 1, standing: sync_core::Standing::Erased, ..half(1, "L1") };
    store.commit(&TENANT, storing([erased])).await.unwrap();
    assert!(store.reviews(&TENANT, &ALL).await.unwrap()[0].values.0.is_empty());
    assert!(!store.reviews(&TENANT, &ALL).await.unwrap()[1].values.0.is_empty(), "what is not about the person stays");
    store.close().await;
    assert!(!place.bytes().await.windows(16).any(|window| window == salt), "the salt is nowhere any more");
}
