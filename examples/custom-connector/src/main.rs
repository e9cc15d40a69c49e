//! `custom-connector LEFT RIGHT DATABASE`: brings two folders to agreement, once.

use std::env::args;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use custom_connector::Folder;
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use sync_core::vocabulary::appointment::AppointmentSchema;
use sync_core::vocabulary::person::PersonSchema;
use sync_core::{Digester, Engine, FieldName, FieldPolicy, Kind, Policy, Report, Schema, Scope, Setup, Sides, Sink, SystemEnv, TenantId};

const TENANT: TenantId = TenantId::from_static("folders");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (Some(left), Some(right), Some(database)) = (args().nth(1), args().nth(2), args().nth(3)) else {
        return Err("usage: custom-connector LEFT RIGHT DATABASE".into());
    };
    let store = SqliteStore::open(OpenOptions::new(&database, MasterKey::beside(Path::new(&database))?.key)).await?;
    let digester = store.tenant_key(&TENANT).await?.digester();
    let store = Arc::new(store);
    let folder = |path: String| -> Arc<dyn Sink> { Arc::new(Folder::new(path, Arc::new(SystemEnv))) };
    let sides = Sides::new(folder(left), folder(right));
    let people = engine(Arc::new(PersonSchema::default()), &sides, &store, &digester)?;
    let appointments = engine(Arc::new(AppointmentSchema), &sides, &store, &digester)?;
    loop {
        // An appointment needs its person on both sides first.
        tell(&people.sweep().await?);
        let report = appointments.sweep().await?;
        tell(&report);
        if report.pulled == 0 {
            break;
        }
    }
    store.close().await;
    Ok(())
}

/// Everything flows both ways; where both sides changed a field, a person decides.
fn engine(
    schema: Arc<dyn Schema>,
    sides: &Sides<Arc<dyn Sink>>,
    store: &Arc<SqliteStore>,
    digester: &Digester,
) -> Result<Engine, sync_core::Error> {
    let fields = fields(schema.kind(), sides).map(|name| (name, FieldPolicy::default())).collect();
    let scope = Sides::new(Scope::All, Scope::All);
    let policy = Policy { fields, scope, ..Policy::closed(schema.kind().clone()) };
    let setup = Setup { tenant: TENANT, schema, policy, digester: digester.clone(), env: Arc::new(SystemEnv) };
    Engine::new(setup, sides.clone(), store.clone())
}

fn fields<'a>(kind: &'a Kind, sides: &'a Sides<Arc<dyn Sink>>) -> impl Iterator<Item = FieldName> + 'a {
    sides.left.describe(kind).into_iter().flat_map(|description| description.fields.keys().cloned())
}

#[expect(clippy::print_stdout, reason = "it speaks to the person who started it")]
fn tell(report: &Report) {
    for (side, counts) in [("left", report.counts.left), ("right", report.counts.right)] {
        println!("{} {side}: {} created, {} updated, {} removed", report.kind, counts.created, counts.updated, counts.removed);
    }
    println!("{}: {} questions for people", report.kind, report.open_reviews);
}
