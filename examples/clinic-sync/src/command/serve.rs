//! `serve`, and what belongs to it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use ghl_client::oauth::{StoreError, TokenSet, TokenStore};
use sync_core::vocabulary::{appointment, person};
use tokio_util::sync::CancellationToken;

use super::sync::{first_sync_is_special, has_synced};
use super::{Form, print_json};
use crate::clients::{app, token_endpoint};
#[cfg(feature = "postgres")]
use crate::serve::{GroupServer, Roles};
use crate::serve::{Server, Task, new_link, timetable};
use crate::tokens::VaultTokens;
use crate::{Error, Result, Service, Settings};

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Serve {
    /// Go ahead with the very first sync, which may create many contacts.
    #[arg(long)]
    first_sync: bool,
    /// Only listen; `clinic-sync worker` does the work in other processes. Needs a database server.
    #[arg(long)]
    no_worker: bool,
    /// Leave it to other processes to see that what is due is done. Needs a database server.
    #[arg(long)]
    no_scheduler: bool,
}

impl Serve {
    pub(crate) async fn run(self, settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
        #[cfg(feature = "postgres")]
        if settings.database_server().is_some() {
            let roles = Roles { receiver: true, worker: !self.no_worker, scheduler: !self.no_scheduler };
            return in_group(settings, roles, self.first_sync, stop).await;
        }
        if self.no_worker || self.no_scheduler {
            return Err(Error::Usage(ONE_PROCESS.to_owned()));
        }
        settings.check()?;
        let service = Service::open(settings).await?;
        if !self.first_sync && !has_synced(&service).await? {
            return Err(first_sync_is_special(&service));
        }
        let server = Server::start(service, stop).await?;
        println!("listening at http://{}", server.address());
        if let Some(address) = server.metrics_address() {
            println!("figures at http://{address}/metrics");
        }
        server.run().await?;
        Ok(ExitCode::SUCCESS)
    }
}

const ONE_PROCESS: &str = "a database in a file is worked on by one process, which is `clinic-sync serve`; for several, set DATABASE_URL \
                           to postgres://…, in a build with the feature `postgres`";

/// One of several processes that work.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Worker {
    /// Go ahead with the very first sync of the only practice, which may create many contacts.
    #[arg(long)]
    first_sync: bool,
}

impl Worker {
    pub(crate) async fn run(self, settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
        behind_a_server(settings, [true, false], self.first_sync, stop).await
    }
}

/// The process that sees to it that what is due is done.
pub(crate) async fn scheduler(settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
    behind_a_server(settings, [false, true], false, stop).await
}

#[cfg(feature = "postgres")]
async fn behind_a_server(
    settings: Settings,
    [worker, scheduler]: [bool; 2],
    first_sync: bool,
    stop: CancellationToken,
) -> Result<ExitCode> {
    if settings.database_server().is_none() {
        return Err(Error::Usage(ONE_PROCESS.to_owned()));
    }
    in_group(settings, Roles { receiver: false, worker, scheduler }, first_sync, stop).await
}

#[cfg(not(feature = "postgres"))]
async fn behind_a_server(_settings: Settings, _roles: [bool; 2], _first_sync: bool, _stop: CancellationToken) -> Result<ExitCode> {
    Err(Error::Usage(ONE_PROCESS.to_owned()))
}

#[cfg(feature = "postgres")]
async fn in_group(settings: Settings, roles: Roles, first_sync: bool, stop: CancellationToken) -> Result<ExitCode> {
    let server = GroupServer::start(settings, roles, first_sync, stop).await?;
    match server.address() {
        Some(address) => println!("listening at http://{address}"),
        None => println!("working"),
    }
    if let Some(address) = server.metrics_address() {
        println!("figures at http://{address}/metrics");
    }
    server.run().await;
    Ok(ExitCode::SUCCESS)
}

/// Access to GHL by an app.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Auth {
    /// Prints a link with which an admin of the clinic gives access, once, within 15 minutes.
    Link,
    /// Renews the tokens now.
    Refresh,
    /// Says whether there is access, and until when.
    Status,
}

impl Auth {
    pub(crate) async fn run(self, settings: Settings) -> Result<ExitCode> {
        settings.check()?;
        let service = Service::open(settings).await?;
        match self {
            Self::Link => println!("{}", new_link(&service).await?),
            Self::Refresh => refresh(&service).await?,
            Self::Status => return status(&service).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn refresh(service: &Service) -> Result<()> {
    let Some(app) = app(service.settings())? else {
        return Err(Error::Usage("no app is configured; a private integration token is not renewed".to_owned()));
    };
    let tokens = VaultTokens::of(service);
    let Some(old) = stored(&tokens).await? else { return Err(Error::Usage(NOBODY.to_owned())) };
    let Some(spent) = old.refresh_token.clone() else { return Err(Error::Usage(NOBODY.to_owned())) };
    let new = token_endpoint(service.settings(), app)?.refresh(&old).await?;
    // Whoever was quicker has tokens that are as good.
    let _ = tokens.swap(&spent, &new).await.map_err(unreadable)?;
    println!("renewed; good until {}", minute(new.expires_at));
    Ok(())
}

/// 0: there is access. 1: there is none.
async fn status(service: &Service) -> Result<ExitCode> {
    if service.settings().ghl.private_integration_token.is_some() {
        println!("by a private integration token, which is not renewed");
        return Ok(ExitCode::SUCCESS);
    }
    let Some(tokens) = stored(&VaultTokens::of(service)).await? else {
        println!("{NOBODY}");
        return Ok(ExitCode::FAILURE);
    };
    let location = tokens.location_id.as_deref().unwrap_or("unknown");
    println!("connected to the location {location}; good until {}", minute(tokens.expires_at));
    Ok(ExitCode::SUCCESS)
}

const NOBODY: &str = "nobody has connected GHL: `clinic-sync auth link` prints the link for it";

async fn stored(tokens: &VaultTokens) -> Result<Option<TokenSet>> {
    tokens.load().await.map_err(unreadable)
}

/// A token store's failure, which tells nothing of the tokens.
pub(crate) fn unreadable(error: impl Into<StoreError>) -> Error {
    let error = error.into();
    let message = format!("the tokens of GHL cannot be read or stored: {error}");
    Error::Failed(sync_core::Error::temporary(sync_core::ErrorKind::Store, message))
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Makes everything due again that was given up.
pub(crate) async fn replay(settings: Settings) -> Result<ExitCode> {
    let service = Service::open(settings).await?;
    let count = service.store().replay(service.tenant(), service.env().now()).await?;
    println!("{count} records are due again");
    Ok(ExitCode::SUCCESS)
}

/// Shows what is done when.
pub(crate) async fn schedule(settings: Settings, form: Form) -> Result<ExitCode> {
    let service = Service::open(settings).await?;
    let mut last = BTreeMap::new();
    for (task, kind) in [(Task::Patients, person::KIND), (Task::Appointments, appointment::KIND)] {
        if let Some(run) = service.store().runs(service.tenant(), &kind, 1).await?.into_iter().next() {
            last.insert(task, run.started_at);
        }
    }
    let lines = timetable(service.settings(), &last, service.env().now());
    if form.json {
        print_json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["what", "every", "last", "next"]);
    for line in lines {
        let last = line.last.map_or_else(|| "-".to_owned(), minute);
        table.add_row([line.task.to_string(), format!("{} min", line.every_minutes), last, minute(line.next)]);
    }
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}
