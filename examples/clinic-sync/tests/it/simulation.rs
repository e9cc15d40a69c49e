//! The service in a world in which everything goes wrong.

use clinic_sync::simulate::{History, play};

#[test]
fn the_same_seed_is_the_same_run_and_another_one_is_not() {
    let digest = |seed| play(&History::of(seed)).unwrap().trace.digest();
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}
