//! Benches of several practices on one PostgreSQL server, whose address is to be in `CLINIC_SYNC_TEST_POSTGRES`.
//!
//! `cargo bench -p benches --bench group workers|kills|neighbours [NUMBERS]`

mod group;
mod kills;
mod neighbours;
mod practice;
mod process;
mod workers;

use std::process::ExitCode;

use clap::Parser;
use clinic_sync::command::Cli;
use tokio_util::sync::CancellationToken;

/// Why a bench cannot be run.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a bench; or the service, where this process was started as one of the service's.
#[expect(clippy::print_stdout, reason = "this is what a bench is for")]
#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let name = arguments.first().map_or("", String::as_str);
    let numbers: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    match name {
        process::CHILD => return Ok(Cli::try_parse_from(arguments)?.run(CancellationToken::new()).await?),
        "workers" => workers::bench(&numbers).await?,
        "kills" => kills::bench(&numbers).await?,
        "neighbours" => neighbours::bench(&numbers).await?,
        _ => println!("which one? `cargo bench -p benches --bench group workers|kills|neighbours`"),
    }
    Ok(ExitCode::SUCCESS)
}
