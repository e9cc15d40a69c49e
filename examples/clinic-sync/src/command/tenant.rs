//! `tenant`: the practices that share a database server.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Utc;
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use secrecy::{ExposeSecret, SecretString};
use storage_sqlx::{PostgresStore, Store};
use sync_core::{HintQueue, TenantId};
use tokio_util::sync::CancellationToken;

use crate::serve::wake;
use crate::{Error, Result, Service, Settings, TENANT, database};

/// Several practices on one database server.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Adds a practice, or gives it other settings.
    Add {
        /// Its name: small letters, digits and hyphens.
        name: String,
        /// A TOML file with its settings, accounts included; they are sealed in the database, and the file is needed no more.
        #[arg(long, value_name = "FILE")]
        settings: PathBuf,
        /// Go ahead with its very first sync, which may create many contacts.
        #[arg(long)]
        first_sync: bool,
    },
    /// Lists the practices.
    List,
    /// Leaves a practice alone. What comes in meanwhile is kept.
    Pause {
        /// Its name.
        name: String,
    },
    /// Works for a practice again.
    Resume {
        /// Its name.
        name: String,
    },
    /// Deletes a practice and everything that is kept for it. The records in both systems stay.
    Remove {
        /// Its name.
        name: String,
        /// It cannot be undone: everybody would be a stranger if the practice were added again.
        #[arg(long, required = true)]
        yes: bool,
    },
}

impl TenantCommand {
    pub(crate) async fn run(self, settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
        let store = database::server(&settings).await?;
        match self {
            Self::Add { name, settings: file, first_sync } => add(&store, &settings, &name, &file, first_sync).await?,
            Self::List => list(&store).await?,
            Self::Pause { name } => pause(&store, &settings, &name, true).await?,
            Self::Resume { name } => pause(&store, &settings, &name, false).await?,
            Self::Remove { name, .. } => remove(&store, &settings, &name, &stop).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn add(store: &PostgresStore, process: &Settings, name: &str, file: &std::path::Path, first_sync: bool) -> Result<()> {
    let id = named(name)?;
    let text =
        std::fs::read_to_string(file).map_err(|error| Error::Settings(vec![format!("{} cannot be read: {error}", file.display())]))?;
    let settings = process.for_tenant(id.clone(), &text).map_err(Error::Settings)?;
    store.put_tenant(&id, &settings.claims(), &SecretString::from(text), first_sync, Utc::now()).await?;
    wake(process, &id).await?;
    println!("{id} is served");
    Ok(())
}

/// A name that can stand in an address, a job and a label.
fn named(name: &str) -> Result<TenantId> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 40 || !name.bytes().all(fits) || name == TENANT.as_str() {
        return Err(Error::Usage(format!("a practice's name has small letters, digits and hyphens, 40 at most, and is not \"{TENANT}\"")));
    }
    Ok(TenantId::new(name))
}

async fn list(store: &PostgresStore) -> Result<()> {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["practice", "added", "state", "inbox", "given up"]);
    for tenant in store.tenants().await? {
        let depth = store.depth(&tenant.id).await?;
        let state = if tenant.paused { "paused" } else { "served" };
        let added = tenant.added_at.format("%Y-%m-%d").to_string();
        table.add_row([tenant.id.to_string(), added, state.to_owned(), depth.waiting.to_string(), depth.dead.to_string()]);
    }
    println!("{table}");
    Ok(())
}

async fn pause(store: &PostgresStore, process: &Settings, name: &str, paused: bool) -> Result<()> {
    let id = TenantId::new(name);
    if !store.pause_tenant(&id, paused).await? {
        return Err(unknown(name));
    }
    if !paused {
        wake(process, &id).await?;
    }
    println!("{name} is {}", if paused { "left alone, as soon as what is under way is done" } else { "served again" });
    Ok(())
}

async fn remove(store: &PostgresStore, process: &Settings, name: &str, stop: &CancellationToken) -> Result<()> {
    let id = TenantId::new(name);
    if store.tenant(&id).await?.is_none() {
        return Err(unknown(name));
    }
    store.pause_tenant(&id, true).await?;
    // Whoever works for it has to stop first: it would write down anew what is being deleted.
    let settings = Settings { tenant: id.clone(), ..process.clone() };
    let lease = Service::open(settings).await?.lease(stop).await?;
    store.remove_tenant(&id).await?;
    drop(lease);
    println!("{name} is gone, and everything that was kept for it");
    Ok(())
}

pub(crate) fn unknown(name: &str) -> Error {
    Error::Usage(format!("there is no practice {name}: `clinic-sync tenant list` shows them"))
}

/// The settings of one practice of several.
pub(crate) async fn settings_of(process: Settings, name: &str) -> Result<Settings> {
    let store = database::server(&process).await?;
    let id = TenantId::new(name);
    let Some(text) = store.settings_of(&id).await? else { return Err(unknown(name)) };
    store.close().await;
    process.for_tenant(id, text.expose_secret()).map_err(Error::Settings)
}
