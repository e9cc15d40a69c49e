//! `scheduler MINUTES DATABASE`, with the credentials in the environment.

use std::env::{args, var};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use scheduler::{engine, every};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it speaks to the person who started it")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (Some(minutes), Some(database)) = (args().nth(1), args().nth(2)) else { return Err("usage: scheduler MINUTES DATABASE".into()) };
    let interval = Duration::from_secs(60 * minutes.parse::<u64>()?.max(1));
    let ephysio = ephysio_client::Config::new(var("EPHYSIO_EMAIL")?, var("EPHYSIO_PASSWORD")?)?;
    let ghl = ghl_client::Config::new(var("GHL_LOCATION_ID")?, var("GHL_PRIVATE_INTEGRATION_TOKEN")?)?;
    let (ephysio, ghl) = (ephysio_client::Client::new(ephysio)?, ghl_client::Client::new(ghl)?);
    let engine = engine(ephysio, ghl, Path::new(&database)).await?;
    every(interval, &engine, |outcome| match outcome {
        Ok(report) => println!("{} created, {} waiting for a person", report.counts.right.created, report.open_reviews),
        Err(error) => println!("{error}"),
    })
    .await;
    Ok(())
}
