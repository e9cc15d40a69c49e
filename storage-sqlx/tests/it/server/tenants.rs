//! Several tenants in one database, and the statement that goes with new hints.

use secrecy::{ExposeSecret, SecretString};
use storage_sqlx::PostgresStore;
use sync_core::testing::sample::{OTHER_TENANT, TENANT, at, half, hint, storing};
use sync_core::{Handled, HintKey, HintQueue, Kind, MappingReader, MappingStore, TenantId, Urgency};

use super::Database;

async fn put(store: &PostgresStore, id: &TenantId, claim: &str, settings: &str) -> sync_core::Result<()> {
    store.put_tenant(id, &[claim.to_owned()], &SecretString::from(settings), false, at(0)).await
}

#[tokio::test]
async fn a_tenant_is_found_by_its_account_and_no_account_is_in_two() {
    let store = Database::new().await.open().await;
    put(&store, &TENANT, "location:a", "one").await.unwrap();
    let refused = put(&store, &OTHER_TENANT, "location:a", "two").await.unwrap_err();
    assert!(refused.to_string().contains("one account cannot be in two tenants"), "{refused}");
    assert_eq!(store.tenants().await.unwrap().len(), 1, "nothing was added");
    put(&store, &OTHER_TENANT, "location:b", "two").await.unwrap();
    assert_eq!(store.tenant_with("location:b").await.unwrap().unwrap().id, OTHER_TENANT);
    assert_eq!(store.tenant_with("location:c").await.unwrap(), None);

    let before = store.tenant(&TENANT).await.unwrap().unwrap();
    put(&store, &TENANT, "location:c", "other").await.unwrap();
    assert!(store.tenant(&TENANT).await.unwrap().unwrap().version > before.version, "running processes see that it changed");
    assert_eq!(store.settings_of(&TENANT).await.unwrap().unwrap().expose_secret(), "other");
    assert_eq!(store.tenant_with("location:a").await.unwrap(), None, "what it claims no more is free");
    assert!(store.pause_tenant(&TENANT, true).await.unwrap() && store.tenant(&TENANT).await.unwrap().unwrap().paused);
}

#[tokio::test]
async fn a_tenant_that_is_removed_leaves_nothing_and_no_other_loses_anything() {
    let store = Database::new().await.open().await;
    for (id, claim, number) in [(&TENANT, "a", 1), (&OTHER_TENANT, "b", 2)] {
        put(&store, id, claim, "settings").await.unwrap();
        store.commit(id, storing([half(number, "L1")])).await.unwrap();
        store.push(&[(HintKey { tenant: id.clone(), ..hint("A") }, Urgency::Live)], at(0)).await.unwrap();
    }
    assert!(store.remove_tenant(&TENANT).await.unwrap());
    assert!(!store.remove_tenant(&TENANT).await.unwrap(), "there is nothing left");
    let kind = Kind::from("person");
    assert_eq!(store.heads(&TENANT, &kind, None, 10).await.unwrap().len(), 0);
    assert_eq!(store.settings_of(&TENANT).await.unwrap().map(|_| ()), None);
    assert_eq!(store.heads(&OTHER_TENANT, &kind, None, 10).await.unwrap().len(), 1);
    assert_eq!(store.depth(&OTHER_TENANT).await.unwrap().waiting, 1);
}

#[tokio::test]
async fn a_tenant_is_due_while_somebody_should_look_at_one_of_its_hints() {
    let store = Database::new().await.open().await;
    let due = async |now| store.tenants_due(at(now)).await.unwrap().contains(&TENANT);
    assert!(!due(9).await);
    store.push(&[(hint("A"), Urgency::Live), (hint("B"), Urgency::Live)], at(5)).await.unwrap();
    assert!(!due(4).await && due(5).await);
    let taken = store.take(&TENANT, 10, at(5), at(60)).await.unwrap();
    assert!(!due(59).await && due(60).await, "somebody looks at them until then");
    store.handled(&taken[0], Handled::Dead { reason: "gave up".to_owned() }).await.unwrap();
    store.handled(&taken[1], Handled::Done).await.unwrap();
    assert!(!due(60).await, "what was given up waits for a person");
}

#[tokio::test]
async fn what_goes_with_new_hints_is_there_with_them_or_not_at_all() {
    let database = Database::new().await;
    database.open().await;
    let mut db = database.raw().await;
    sqlx::raw_sql("CREATE TABLE public.job (tenant TEXT NOT NULL CHECK (tenant <> 'refused'))").execute(&mut db).await.unwrap();
    let store = PostgresStore::open(database.options().with_wake("INSERT INTO public.job VALUES ($1)")).await.unwrap();
    store.push(&[(hint("A"), Urgency::Live), (hint("B"), Urgency::Live)], at(0)).await.unwrap();
    assert!(store.receive(&TENANT, "delivery", &[(hint("C"), Urgency::Live)], at(0)).await.unwrap());
    assert!(!store.receive(&TENANT, "delivery", &[(hint("C"), Urgency::Live)], at(0)).await.unwrap());
    let jobs: Vec<String> = sqlx::query_scalar("SELECT tenant FROM public.job").fetch_all(&mut db).await.unwrap();
    assert_eq!(jobs, [TENANT.as_str(); 2], "once for each transaction and tenant");

    let refused = TenantId::new("refused");
    store.push(&[(HintKey { tenant: refused.clone(), ..hint("A") }, Urgency::Live)], at(0)).await.unwrap_err();
    assert_eq!(store.depth(&refused).await.unwrap().waiting, 0, "no hint without its job");
}
