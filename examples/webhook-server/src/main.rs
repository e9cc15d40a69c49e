//! `webhook-server ADDRESS DATABASE`, with the credentials in the environment.

use std::env::{args, var};
use std::error::Error;
use std::sync::Arc;

use ghl_client::webhook::Verifier;
use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};
use webhook_server::{Embedded, router, work};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (Some(address), Some(database)) = (args().nth(1), args().nth(2)) else {
        return Err("usage: webhook-server ADDRESS DATABASE".into());
    };
    let ephysio = ephysio_client::Config::new(var("EPHYSIO_EMAIL")?, var("EPHYSIO_PASSWORD")?)?;
    let ghl = ghl_client::Config::new(var("GHL_LOCATION_ID")?, var("GHL_PRIVATE_INTEGRATION_TOKEN")?)?;
    let store = SqliteStore::open(OpenOptions::new(&database, MasterKey::beside(&database)?.key)).await?;
    let (ephysio, ghl) = (ephysio_client::Client::new(ephysio)?, ghl_client::Client::new(ghl)?);
    let embedded = Arc::new(Embedded::new(ephysio, ghl, Arc::new(store), Verifier::default()).await?);
    let listener = tokio::net::TcpListener::bind(address).await?;
    tokio::select! {
        served = axum::serve(listener, router(embedded.clone())) => Ok(served?),
        worked = work(&embedded) => Ok(worked?),
    }
}
