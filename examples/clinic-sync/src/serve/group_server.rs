//! One process of those that serve a group of practices.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::group::Group;
use super::practices::Practices;
use super::{Doors, Roles, jobs};
use crate::{Result, Settings};

/// One process of those that serve the practices on one database server.
#[derive(Debug)]
pub struct GroupServer {
    group: Arc<Group>,
    roles: Roles,
    doors: Option<Doors>,
    stop: CancellationToken,
}

impl GroupServer {
    /// Opens the database, and takes the addresses to listen at. Nothing is done before [`run`](Self::run).
    ///
    /// # Errors
    /// When the database cannot be used, an address is taken, or there is no practice to serve.
    pub async fn start(process: Settings, roles: Roles, first_sync: bool, stop: CancellationToken) -> Result<Self> {
        let doors = if roles.receiver { Some(Doors::open(&process.serve).await?) } else { None };
        let group = Arc::new(Group::open(process, first_sync).await?);
        group.check().await?;
        Ok(Self { group, roles, doors, stop })
    }

    /// Where it listens, if it does.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.doors.as_ref()?.address()
    }

    /// Where figures can be read.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.doors.as_ref()?.metrics_address()
    }

    /// Serves until the stop is asked for; then what is under way is finished, or is left to other processes.
    pub async fn run(self) {
        let Self { group, roles, doors, stop } = self;
        let opened = doors.map(|doors| doors.serve(Arc::new(Practices::many(group.clone())), &stop));
        if roles.worker || roles.scheduler {
            jobs::run(group, roles, stop).await;
        } else {
            stop.cancelled().await;
        }
        drop(opened);
    }
}
