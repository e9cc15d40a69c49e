//! `vault`: the key under which everything readable is sealed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use storage_sqlx::MasterKey;
use tokio_util::sync::CancellationToken;

use crate::{Error, Result, Service, Settings, database};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Puts a new key in the place of the old one. With a key file, the new key is made and the file replaced; with VAULT_KEY, give
    /// the new key as VAULT_KEY_NEW. If it is interrupted, run it again.
    Rotate,
}

impl VaultCommand {
    pub(crate) async fn run(self, settings: Settings, stop: CancellationToken) -> Result<ExitCode> {
        let Self::Rotate = self;
        if !database::is_set_up(&settings).await? {
            return Err(Error::Usage("there is no database yet, and so nothing to seal anew".to_owned()));
        }
        match (&settings.vault.key, settings.vault.new_key.clone()) {
            (Some(_), Some(new)) => {
                rotate(settings, &MasterKey::from_base64(secrecy::ExposeSecret::expose_secret(&new))?, &stop).await?;
                println!("the database opens with the new key only: start everything with it as VAULT_KEY from now on");
            }
            (Some(_), None) => {
                let message = "the key comes from VAULT_KEY: give the new one as VAULT_KEY_NEW (openssl rand -base64 32 makes one)";
                return Err(Error::Usage(message.to_owned()));
            }
            (None, _) => {
                let path = key_file(&settings)?;
                rotate_file(settings, &path, &stop).await?;
                println!("{} holds a new key: back it up, apart from the database", path.display());
            }
        }
        println!("backups from before open with the old key only");
        Ok(ExitCode::SUCCESS)
    }
}

fn key_file(settings: &Settings) -> Result<PathBuf> {
    match &settings.vault.key_file {
        Some(path) => Ok(path.clone()),
        None => Ok(MasterKey::beside(settings.database())?.path),
    }
}

/// The new key is safe in a file of its own before the database needs it, and takes the place of the old one afterwards.
async fn rotate_file(settings: Settings, path: &Path, stop: &CancellationToken) -> Result<()> {
    let next = MasterKey::successor(path)?;
    let mut renewed = settings.clone();
    renewed.vault.key_file = Some(next.path.clone());
    if let Err(error) = rotate(settings, &next.key, stop).await {
        // An earlier rotation may have been interrupted after the database had changed.
        let Ok(store) = database::open(&renewed).await else { return Err(error) };
        store.close().await;
    }
    Ok(next.replace(path)?)
}

/// No other process may work meanwhile: it would start with the old key.
async fn rotate(settings: Settings, new: &MasterKey, stop: &CancellationToken) -> Result<()> {
    let service = Service::open(settings).await?;
    let lease = service.lease(stop).await?;
    let rotated = service.store().rotate(new).await;
    lease.release().await?;
    service.store().close().await;
    rotated?;
    Ok(())
}
