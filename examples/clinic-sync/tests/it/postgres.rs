//! The service on a PostgreSQL server.

use crate::house::House;
use crate::server::address;

pub(super) const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

#[tokio::test]
async fn its_address_and_a_key_are_all_it_takes_and_a_practice_moves_there_from_its_file() {
    let (mut house, _) = House::of(3).await;
    house.env("VAULT_KEY", KEY);
    house.env("DATABASE_URL", &address());
    let before = house.run(&["plan", "--json"]).await;
    assert_eq!(before.code, Some(2), "{before:?}");
    let again = house.run(&["plan", "--json"]).await;
    assert_eq!((again.code, again.out.len()), (before.code, before.out.len()), "a plan made nothing");

    house.env("DATABASE_URL", "");
    house.sync().await;
    let moved = house.run(&["migrate-store", "--to", &address()]).await;
    assert!(moved.code == Some(0) && moved.says(&["rows are in postgres://127.0.0.1", "counted and compared"]), "{moved:?}");
    let stale = house.run(&["sync"]).await;
    assert!(stale.code == Some(1) && stale.says(&["moved to postgres://127.0.0.1"]), "the file is not used any more: {stale:?}");

    house.env("DATABASE_URL", &address());
    assert_eq!(house.run(&["plan"]).await.code, Some(0), "nobody is created again");
    house.admit(7);
    let mark = house.mark();
    let synced = house.sync().await;
    assert_eq!((house.written(mark), house.contacts()), (1, 4), "{synced}");
    assert_eq!(house.run(&["plan"]).await.code, Some(0), "another process knows what the first one did");
    let doctor = house.run(&["doctor"]).await;
    assert!(doctor.out.contains("postgres://127.0.0.1") && !doctor.out.contains("clinic_sync@"), "{doctor:?}");
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
