//! The commands. They print; nothing else does.

#![expect(clippy::print_stdout, reason = "commands speak to people and to pipes")]

mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
#[cfg(feature = "demo")]
mod fates;
mod link;
#[cfg(feature = "postgres")]
mod migrate;
mod plan;
mod progress;
mod review;
mod serve;
#[cfg(feature = "demo")]
mod simulate;
mod sync;
#[cfg(feature = "postgres")]
mod tenant;
mod vault;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use sync_core::Kind;
use sync_core::vocabulary::person;
use tokio_util::sync::CancellationToken;

pub use progress::Bar;
pub(crate) use serve::unreadable;
#[cfg(feature = "postgres")]
pub(crate) use sync::has_synced;
pub(crate) use sync::sweep_kinds;
pub use words::{reason as describe_reason, table_of_operations};

use crate::{Result, Settings};

/// Keeps a physiotherapy practice's e-Physio and GoHighLevel in sync.
#[derive(Debug, Parser)]
#[command(version, after_help = "Exit codes: 0 done, 1 failed, 2 plan: something to do, 3 done with open review items, 64 wrong usage.")]
pub struct Cli {
    /// A TOML file; `clinic-sync config example` prints one. The environment goes over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which of several practices the command is about.
    #[cfg(feature = "postgres")]
    #[arg(long, global = true, value_name = "NAME")]
    tenant: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows it all on an emulated clinic, with nothing to install or configure.
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// Plays the service through histories in which everything goes wrong, and checks what comes of it.
    #[cfg(feature = "demo")]
    Simulate(simulate::Simulate),
    /// Checks settings, database, key, logins, clock and fields; says what is wrong and what to do.
    Doctor(doctor::Doctor),
    /// Shows what a sync would do, and does nothing.
    Plan(plan::PlanArgs),
    /// Syncs once.
    Sync(sync::SyncArgs),
    /// Runs until it is told to stop: webhooks are seen at once, everything else by the clock.
    Serve(serve::Serve),
    /// Works, beside other processes on a database server. `serve` does that too. For how many practices at a time, 64 if not set,
    /// says `practices_at_once` under [serve], or CLINIC_SYNC_PRACTICES_AT_ONCE.
    Worker(serve::Worker),
    /// Sees to it that what is due is done, beside other processes on a database server. `serve` does that too.
    Scheduler,
    /// Shows what `serve` does when.
    Schedule {
        #[command(flatten)]
        form: Form,
    },
    /// Access to GHL by an app of its marketplace.
    #[command(subcommand)]
    Auth(serve::Auth),
    /// Makes everything due again that `serve` gave up.
    Replay,
    /// Moves to a database server.
    #[cfg(feature = "postgres")]
    MigrateStore(migrate::MigrateStore),
    /// Several practices on one database server.
    #[cfg(feature = "postgres")]
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// The key under which secrets are kept.
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// What people have to decide or do.
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Says that a patient and a contact are the same.
    Link(link::Pair),
    /// Takes a patient and its contact apart.
    Unlink(link::Which),
    /// Stops syncing one patient.
    Pause(link::Which),
    /// Syncs a paused patient again.
    Resume(link::Which),
    /// Settings.
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// What is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    /// Patients and contacts.
    Patients,
    /// Everything there is.
    All,
}

impl What {
    fn covers(self, kind: &Kind) -> bool {
        self == Self::All || *kind == person::KIND
    }
}

/// How to answer.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Form {
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// With what happened, and what to do; [`Error::exit_code`](crate::Error::exit_code) has the code.
    pub async fn run(self, stop: CancellationToken) -> Result<ExitCode> {
        let load = async || {
            let settings = Settings::load(self.config.as_deref())?;
            #[cfg(feature = "postgres")]
            if let Some(name) = &self.tenant {
                return tenant::settings_of(settings, name).await;
            }
            Ok::<_, crate::Error>(settings)
        };
        match self.command {
            #[cfg(feature = "demo")]
            Command::Demo(demo) => demo.run(stop).await,
            #[cfg(feature = "demo")]
            Command::Simulate(simulate) => simulate.run(self.config.as_deref()).await,
            Command::Doctor(doctor) => doctor.run(load().await?).await,
            Command::Plan(plan) => plan.run(load().await?).await,
            Command::Sync(sync) => sync.run(load().await?, stop).await,
            Command::Serve(serve) => serve.run(load().await?, stop).await,
            Command::Worker(worker) => worker.run(load().await?, stop).await,
            Command::Scheduler => serve::scheduler(load().await?, stop).await,
            Command::Schedule { form } => serve::schedule(load().await?, form).await,
            Command::Auth(auth) => auth.run(load().await?).await,
            Command::Replay => serve::replay(load().await?).await,
            #[cfg(feature = "postgres")]
            Command::MigrateStore(migrate) => migrate.run(load().await?, stop).await,
            #[cfg(feature = "postgres")]
            Command::Tenant(tenant) => tenant.run(Settings::load(self.config.as_deref())?, stop).await,
            Command::Vault(vault) => vault.run(load().await?, stop).await,
            Command::Review(review) => review.run(load().await?).await,
            Command::Link(pair) => pair.run(load().await?).await,
            Command::Unlink(which) => which.run(load().await?, link::Act::Unlink).await,
            Command::Pause(which) => which.run(load().await?, link::Act::Pause).await,
            Command::Resume(which) => which.run(load().await?, link::Act::Resume).await,
            Command::Config(config) => config.run(self.config.as_deref()),
        }
    }
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        sync_core::Error::permanent(sync_core::ErrorKind::Decode, "the answer could not be written as JSON").with_source(error)
    })?;
    println!("{text}");
    Ok(())
}
