use super::*;
use crate::MemoryStore;

#[tokio::test]
async fn the_memory_store_keeps_its_contract() {
    store_suite(async || MemoryStore::new()).await;
}
