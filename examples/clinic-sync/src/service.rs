//! A store that is open, and the lease on what is in it.

use std::sync::Arc;
use std::time::Duration;

use storage_sqlx::Store;
use sync_core::{Env, ErrorKind, Fence, Held, MappingStore, SystemEnv, TenantId};
use tokio_util::sync::CancellationToken;

use crate::{Error, Result, Settings, database};

/// The only tenant, as long as [none were added](crate::settings::Settings::tenant).
pub const TENANT: TenantId = TenantId::from_static("default");

/// How long a lease lasts without a sign of life. Longer than any request that writes may take: the settings see to it.
pub(crate) const LEASE: Duration = Duration::from_secs(120);
/// How often a lease is renewed.
const RENEWAL: Duration = Duration::from_secs(30);

/// So often is a lease asked for, or given back, while the store fails; and how long after a failure.
const TRIES: u32 = 5;
const AGAIN: Duration = Duration::from_millis(300);

/// A store that is open, and what is needed to make engines over it.
#[derive(Debug)]
pub struct Service<S: ?Sized = dyn Store> {
    settings: Settings,
    store: Arc<S>,
    mapping: Arc<dyn MappingStore>,
    env: Arc<dyn Env>,
}

/// A lease that is renewed for as long as this lives.
#[derive(Debug)]
pub struct Lease {
    tenant: TenantId,
    fence: Fence,
    store: Arc<dyn Store>,
    renewal: tokio::task::JoinHandle<()>,
    /// Cancelled when the lease is lost, and when the caller asks to stop.
    stop: CancellationToken,
}

impl Service {
    /// Opens the store, and makes it if it is not there.
    ///
    /// # Errors
    /// When the database or its key cannot be used; the message says which and what to do.
    pub async fn open(settings: Settings) -> Result<Self> {
        settings.check_database().map_err(|problem| Error::Settings(vec![problem]))?;
        let store = database::open(&settings).await?;
        Ok(Self::over(settings, store.clone(), store, Arc::new(SystemEnv)))
    }

    /// Takes the tenant's lease, so that no other process works on it. An engine under it stops when `stop` is
    /// cancelled, or the lease is lost.
    ///
    /// # Errors
    /// When another process holds it: the message says who and until when.
    pub async fn lease(&self, stop: &CancellationToken) -> Result<Lease> {
        let holder = self.holder();
        let fence = match self.acquire(&holder).await? {
            Ok(fence) => fence,
            Err(held) if is_dead(&held.by) => self.inherit(&held, &holder).await?,
            Err(held) => return Err(held_by(&held).into()),
        };
        let stop = stop.child_token();
        let renewal = tokio::spawn(renew(self.store.clone(), self.tenant().clone(), self.env.clone(), holder, fence, stop.clone()));
        Ok(Lease { tenant: self.tenant().clone(), fence, store: self.store.clone(), renewal, stop })
    }

    /// Who holds a lease. Behind a server, two containers may have the same name and number, and one process may hold one lease
    /// after another: each is somebody of its own.
    fn holder(&self) -> String {
        if self.settings.database_server().is_none() {
            return holder(std::process::id());
        }
        let mut chance = [0; 4];
        self.env.fill(&mut chance);
        match life(std::process::id()) {
            Some(life) => format!("{} ({life}/{:08x})", holder(std::process::id()), u32::from_be_bytes(chance)),
            None => format!("{} ({:08x})", holder(std::process::id()), u32::from_be_bytes(chance)),
        }
    }

    /// Asks once more as the same holder where the answer was lost: the lease may have been given.
    async fn acquire(&self, holder: &str) -> Result<Result<Fence, Held>> {
        let ask = || {
            let now = self.env.now();
            self.store.acquire(self.tenant(), holder, now, now + LEASE)
        };
        Ok(persistently(ask).await?)
    }

    /// Takes over from a process that was killed on this machine, without waiting for its lease to run out.
    /// The fence rises, so that whatever it left behind cannot commit.
    async fn inherit(&self, dead: &Held, holder: &str) -> Result<Fence> {
        if let Ok(fence) = self.acquire(&dead.by).await? {
            self.store.release(self.tenant(), fence).await?;
        }
        Ok(self.acquire(holder).await?.map_err(|held| held_by(&held))?)
    }
}

impl<S: ?Sized> Service<S> {
    /// A service over a store, which is given as what it is and as what engines need of it.
    pub(crate) fn over(settings: Settings, store: Arc<S>, mapping: Arc<dyn MappingStore>, env: Arc<dyn Env>) -> Self {
        Self { settings, store, mapping, env }
    }

    /// The same service with time and chance from somewhere else. Its clients should go [by that
    /// clock](crate::Clients::with_clock) too.
    #[must_use]
    pub fn with_env(self, env: Arc<dyn Env>) -> Self {
        Self { env, ..self }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// For whom it works.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.settings.tenant
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    pub(crate) fn env(&self) -> &Arc<dyn Env> {
        &self.env
    }

    pub(crate) fn mapping_store(&self) -> Arc<dyn MappingStore> {
        self.mapping.clone()
    }
}

impl Lease {
    pub(crate) fn fence(&self) -> Fence {
        self.fence
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// When the store fails; the lease then runs out by itself.
    pub async fn release(self) -> Result<()> {
        self.renewal.abort();
        Ok(persistently(|| self.store.release(&self.tenant, self.fence)).await?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Tries again where that may help. A lease that nobody knows of keeps everybody from the practice until it runs out.
async fn persistently<T, F: Future<Output = sync_core::Result<T>>>(ask: impl Fn() -> F) -> sync_core::Result<T> {
    for _ in 1..TRIES {
        match ask().await {
            Err(error) if error.is_temporary() => tokio::time::sleep(AGAIN).await,
            answer => return answer,
        }
    }
    ask().await
}

async fn renew(store: Arc<dyn Store>, tenant: TenantId, env: Arc<dyn Env>, holder: String, fence: Fence, lost: CancellationToken) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let now = env.now();
        match store.acquire(&tenant, &holder, now, now + LEASE).await {
            Ok(Ok(renewed)) if renewed == fence => {}
            Ok(_) => return lost.cancel(),
            Err(error) => tracing::warn!(%error, "the lease could not be renewed; it is tried again"),
        }
    }
}

fn held_by(held: &Held) -> sync_core::Error {
    let until = held.until.format("%H:%M:%S UTC");
    sync_core::Error::temporary(ErrorKind::Lease, format!("{} works on this practice until {until}; wait for it, or stop it", held.by))
}

/// Who a process is, for another one that wants the lease.
fn holder(process: u32) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
    format!("process {process} on {}", host.unwrap_or_else(|_| "this machine".to_owned()))
}

/// Whether a holder was a process of this machine that no longer runs. Where that cannot be told, it is
/// taken to run.
fn is_dead(by: &str) -> bool {
    let process = by.strip_prefix("process ").and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    let Some(process) = process else { return false };
    let Some((who, mark)) = by.split_once(" (") else {
        return holder(process) == by
            && std::path::Path::new("/proc/self").exists()
            && !std::path::Path::new(&format!("/proc/{process}")).exists();
    };
    let Some((there, _)) = mark.rsplit_once('/') else { return false };
    let (Some(here), Some((place, _))) = (life(std::process::id()), there.rsplit_once('/')) else { return false };
    // Numbers of processes mean something only where they were given, and only until they are given again.
    holder(process) == who && here.starts_with(&format!("{place}/")) && life(process).is_none_or(|life| life != there)
}

/// What tells a process from all others, and where: the machine since it was started, what numbers its processes, and when this one
/// began. Nothing where the system does not tell, or there is no such process.
fn life(process: u32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let numbers = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let numbers: String = numbers.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    // The name in it may hold anything; the 22nd value counts from its end.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let began = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    Some(format!("{}/{numbers}/{began}", boot.trim().get(..8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lives_is_not_taken_for_dead_and_who_is_not_from_here_neither() {
        let me = std::process::id();
        let life = life(me).unwrap();
        let (place, _) = life.rsplit_once('/').unwrap();
        assert!(!is_dead(&format!("{} ({life}/00000001)", holder(me))), "this process");
        assert!(is_dead(&format!("{} ({place}/1/00000001)", holder(me))), "one that had its number before");
        assert!(!is_dead(&format!("{} (0badcafe/1/1/00000001)", holder(me))), "one of another machine with the same name");
        assert!(!is_dead(&format!("{} (00000001)", holder(me))) && !is_dead("the service that moved"), "nobody can tell");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = child.id();
        child.wait().unwrap();
        assert!(is_dead(&format!("{} ({place}/1/00000001)", holder(gone))) && is_dead(&holder(gone)), "one that ended");
    }
}
