use crate::Folder;

#[tokio::test]
async fn the_store_keeps_its_contract() {
    let folder = Folder::new();
    sync_core::testing::store_suite(async || folder.fresh().await).await;
}
