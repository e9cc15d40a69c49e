//! A process that dies before or after each call and each commit.

use std::sync::Arc;

use sync_core::MemoryStore;
use sync_core::testing::crash_suite;

#[tokio::test]
async fn wherever_a_process_dies_the_next_one_ends_in_the_same_state() {
    let points = crash_suite(Arc::new(MemoryStore::new())).await;
    assert!(points >= 90, "{points} points");
}
