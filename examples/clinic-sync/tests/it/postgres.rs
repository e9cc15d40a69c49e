//! The service on a PostgreSQL server.

use crate::house::House;

const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// The database that the server itself has: the only one of these tests that uses it.
fn address() -> String {
    std::env::var("CLINIC_SYNC_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("CLINIC_SYNC_TEST_POSTGRES is not set, and this test needs a PostgreSQL server; run scripts/test.sh, which starts one")
    })
}

#[tokio::test]
async fn its_address_and_a_key_are_all_it_takes() {
    let (mut house, _) = House::of(3).await;
    house.env("DATABASE_URL", &address());
    house.env("VAULT_KEY", KEY);
    let before = house.run(&["plan", "--json"]).await;
    assert_eq!(before.code, Some(2), "{before:?}");
    let again = house.run(&["plan", "--json"]).await;
    assert_eq!((again.code, again.out.len()), (before.code, before.out.len()), "a plan made nothing");

    let synced = house.sync().await;
    assert!(synced.to_string().contains("\"created\":3"), "{synced}");
    assert_eq!(house.run(&["plan"]).await.code, Some(0), "another process knows what the first one did");
    let doctor = house.run(&["doctor"]).await;
    assert!(doctor.out.contains("postgres://127.0.0.1") && !doctor.out.contains("clinic_sync@"), "{doctor:?}");
    assert!(!house.path("clinic.db").exists(), "nothing goes into a file");
}

#[tokio::test]
async fn without_a_key_it_says_which_one_is_missing() {
    let (mut house, _) = House::of(0).await;
    house.env("DATABASE_URL", "postgres://somebody:secret@127.0.0.1:1/practice");
    for command in ["plan", "sync"] {
        let ran = house.run(&[command]).await;
        assert!(ran.code == Some(1) && ran.err.contains("VAULT_KEY") && !ran.err.contains("secret"), "{ran:?}");
    }
}
