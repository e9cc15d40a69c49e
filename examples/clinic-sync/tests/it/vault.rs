//! The key under which secrets are kept, and its rotation.

use crate::house::House;

/// A house that was synced once, with a question whose values are sealed.
async fn synced() -> House {
    let (house, _) = House::of(3).await;
    house.sync().await;
    house
}

fn key(house: &House) -> std::path::PathBuf {
    house.path("clinic.db").with_added_extension("key")
}

#[tokio::test]
async fn a_rotation_puts_a_new_key_into_the_file_and_everything_goes_on() {
    let house = synced().await;
    let before = std::fs::read(key(&house)).unwrap();
    let rotated = house.run(&["vault", "rotate"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.says(&["back it up"]), "{rotated:?}");
    assert_ne!(std::fs::read(key(&house)).unwrap(), before);
    house.assert_quiet().await;
    std::fs::write(key(&house), before).unwrap();
    let refused = house.run(&["sync"]).await;
    assert!(refused.code == Some(1) && refused.says(&["does not fit"]), "{refused:?}");
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_before_or_after_the_database_changed_is_finished_by_another() {
    let house = synced().await;
    let next = key(&house).with_added_extension("new");
    // Before: the successor lies there, and the database knows nothing of it.
    let successor = storage_sqlx::MasterKey::successor(key(&house)).unwrap();
    assert!(successor.created && next.exists());
    assert_eq!(house.run(&["vault", "rotate"]).await.code, Some(0));
    assert!(!next.exists());
    house.assert_quiet().await;
    // After: the database has changed, and the file was not yet renamed.
    let successor = storage_sqlx::MasterKey::successor(key(&house)).unwrap();
    let (service, _) = house.open().await;
    service.store().rotate(&successor.key).await.unwrap();
    service.store().close().await;
    let refused = house.run(&["sync"]).await;
    assert!(refused.code == Some(1) && refused.says(&["does not fit", "vault rotate"]), "{refused:?}");
    assert_eq!(house.run(&["vault", "rotate"]).await.code, Some(0));
    house.assert_quiet().await;
}

#[tokio::test]
async fn a_key_from_the_environment_is_followed_by_one_from_the_environment() {
    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let (mut house, _) = House::of(3).await;
    house.env("VAULT_KEY", ONE);
    assert_eq!(house.run(&["sync", "--first-sync"]).await.code, Some(0));
    let refused = house.run(&["vault", "rotate"]).await;
    assert!(refused.code == Some(64) && refused.says(&["VAULT_KEY_NEW"]), "{refused:?}");
    house.env("VAULT_KEY_NEW", TWO);
    assert_eq!(house.run(&["vault", "rotate"]).await.code, Some(0));
    assert_eq!(house.run(&["sync"]).await.code, Some(1), "the old key");
    house.env("VAULT_KEY", TWO);
    assert_eq!(house.run(&["sync"]).await.code, Some(0));
}
