//! `link`, `unlink`, `pause`, `resume`: taking one pair in hand.

use std::process::ExitCode;

use clap::Args;
use sync_core::{LinkId, RecordId, Side};

use tokio_util::sync::CancellationToken;

use crate::{Clients, Error, Result, Service, Settings};

#[derive(Clone, Debug, Args)]
pub(crate) struct Pair {
    /// The patient's id in e-Physio.
    patient: String,
    /// The contact's id in GHL.
    contact: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The patient's id in e-Physio.
    #[arg(long, conflicts_with = "contact", required_unless_present = "contact")]
    patient: Option<String>,
    /// The contact's id in GHL.
    #[arg(long)]
    contact: Option<String>,
}

/// What to do with a pair.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Unlink,
    Pause,
    Resume,
}

impl Pair {
    pub(crate) async fn run(self, settings: Settings) -> Result<ExitCode> {
        settings.check()?;
        let service = Service::open(settings).await?;
        let clients = Clients::of(&service)?;
        let lease = service.lease(&CancellationToken::new()).await?;
        let engine = service.engine(&clients).await?;
        engine.desk().link(&RecordId::new(self.patient), &RecordId::new(self.contact)).await?;
        lease.release().await?;
        println!("linked; the next sync compares the two");
        Ok(ExitCode::SUCCESS)
    }
}

impl Which {
    pub(crate) async fn run(self, settings: Settings, act: Act) -> Result<ExitCode> {
        settings.check()?;
        let service = Service::open(settings).await?;
        let clients = Clients::of(&service)?;
        let lease = service.lease(&CancellationToken::new()).await?;
        let engine = service.engine(&clients).await?;
        let id = self.find(&engine).await?;
        let desk = engine.desk();
        let said = match act {
            Act::Unlink => desk.unlink(id).await.map(|()| "taken apart; neither is matched again until you link it"),
            Act::Pause => desk.pause(id).await.map(|()| "paused"),
            Act::Resume => desk.resume(id).await.map(|()| "resumed; the next sync looks at it"),
        }?;
        lease.release().await?;
        println!("{said}");
        Ok(ExitCode::SUCCESS)
    }

    async fn find(&self, engine: &sync_core::Engine) -> Result<LinkId> {
        let (side, id) = match (&self.patient, &self.contact) {
            (Some(id), _) => (Side::Left, id),
            (None, Some(id)) => (Side::Right, id),
            (None, None) => return Err(Error::Usage("say --patient ID or --contact ID".to_owned())),
        };
        let link = engine.desk().find(side, &RecordId::new(id.clone())).await?;
        link.map(|link| link.id).ok_or_else(|| Error::Usage(format!("{id} was never seen by a sync")))
    }
}
