use std::sync::Arc;

use sync_core::MappingStore;

use crate::Folder;

#[tokio::test]
async fn the_store_keeps_its_contract() {
    let folder = Folder::new();
    sync_core::testing::store_suite(async || folder.fresh().await).await;
}

#[tokio::test]
async fn wherever_a_process_dies_the_next_one_ends_in_the_same_state() {
    let folder = Folder::new();
    let store: Arc<dyn MappingStore> = Arc::new(folder.fresh().await);
    assert!(sync_core::testing::crash_suite(store).await >= 90);
}
