//! A practice that has connected its GHL, and whose tokens have just run out.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use emulator_kit::Clock;
use ephysio_emulator::NewPatient;
use ghl_client::oauth::{TokenEndpoint, TokenStore, UserType};
use ghl_emulator::Grantor;
use secrecy::{ExposeSecret, SecretString};
use sync_core::vocabulary::person;
use sync_core::{Env, ReviewQuery, Sides, SystemEnv};
use sync_http::{ServiceTransport, Settings as HttpSettings, WallClock};
use tempfile::TempDir;

use super::fuse::{Fuse, FusedGhl, FusedTokens};
use crate::clients::app;
use crate::demo::{Behaviour, Clinic};
use crate::settings::AppSettings;
use crate::tokens::VaultTokens;
use crate::{Clients, Result, Service, Settings, TENANT};

#[cfg(feature = "postgres")]
#[path = "../../../../tests/it/server.rs"]
mod server;

/// How long an access token lasts.
pub(super) const DAY: Duration = Duration::from_secs(86_400);
const CLIENT: &str = "appdemo-m0000000";
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Another secret in the vault.
const OTHER: &str = "other/secret";

/// Three patients who are contacts too, one who has just come, and a database that remembers them.
pub(super) struct World {
    pub(super) clinic: Clinic,
    clock: Clock,
    settings: Settings,
    /// The refresh token that the processes find.
    first: String,
    _folder: TempDir,
}

/// What is there when all is quiet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    patients: usize,
    contacts: Vec<[Option<String>; 3]>,
    links: usize,
    reviews: usize,
    secret: Option<String>,
}

/// Time as the two systems have it.
#[derive(Debug)]
struct Shared(Clock);

impl Env for Shared {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn fill(&self, buffer: &mut [u8]) {
        SystemEnv.fill(buffer);
    }
}

impl World {
    pub(super) async fn in_a_file() -> Self {
        Self::new(None).await
    }

    #[cfg(feature = "postgres")]
    pub(super) async fn on_a_server() -> Self {
        Self::new(Some(server::fresh().await)).await
    }

    async fn new(server: Option<String>) -> Self {
        let clock = Clock::real();
        let clinic = Clinic::build(3, 1, Behaviour { rate_limit: None, clock: clock.clone(), ..Behaviour::default() });
        let folder = tempfile::tempdir().unwrap();
        let mut settings = clinic.settings("http://127.0.0.1:1", "http://127.0.0.1:2", &folder.path().join("clinic.db"));
        settings.database_url = server.or(settings.database_url);
        settings.vault.key = Some(KEY.into());
        settings.ghl.private_integration_token = None;
        settings.ghl.app = Some(AppSettings {
            client_id: CLIENT.to_owned(),
            client_secret: Some(ghl_emulator::App::default().client_secret.into()),
            redirect_uri: "http://127.0.0.1/api/auth/callback".to_owned(),
            version_id: None,
            marketplace: None,
        });
        let mut world = Self { clinic, clock, settings, first: String::new(), _folder: folder };
        world.first = world.connect().await;
        world.open().await.store().vault().put(&TENANT, OTHER, &"kept".into()).await.unwrap();
        world.process(&Fuse::long()).await.unwrap();
        world.clinic.ephysio.practice().create(NewPatient { email: "nora@neu.example".to_owned(), ..NewPatient::named("Nora", "Neu") });
        world.wait(DAY);
        world
    }

    /// A clinic's admin connects the app. Gives the refresh token.
    pub(super) async fn connect(&self) -> String {
        let code = self.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location).unwrap();
        let transport = Arc::new(ServiceTransport::new(self.clinic.ghl.stage()));
        let app = app(&self.settings).unwrap().unwrap();
        let endpoint = TokenEndpoint::with_transport(app, ghl_client::BASE_URL.parse().unwrap(), transport, HttpSettings::default());
        let tokens = endpoint.with_clock(self.wall_clock()).exchange(&code, UserType::Location).await.unwrap();
        VaultTokens::of(&self.open().await).put(&tokens).await.unwrap();
        tokens.refresh_token.unwrap().expose_secret().to_owned()
    }

    pub(super) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// A process that syncs once.
    pub(super) async fn process(&self, fuse: &Fuse) -> Result<()> {
        let service = self.open().await;
        let ephysio = Arc::new(ServiceTransport::new(self.clinic.ephysio.stage()));
        let ghl = Arc::new(FusedGhl { inner: ServiceTransport::new(self.clinic.ghl.stage()), fuse: fuse.clone() });
        let tokens = FusedTokens { inner: VaultTokens::of(&service), fuse: fuse.clone() };
        let clients = Clients::over(&self.settings, Sides::new(ephysio, ghl), Some(Arc::new(tokens)), self.wall_clock())?;
        for engine in service.engines(&clients).await? {
            engine.sweep().await?;
        }
        Ok(())
    }

    /// A process that dies at a step. A renewal goes on without whoever asked for it; so the runtime ends as well.
    pub(super) fn dying(&self, fuse: &Fuse) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let process = async {
            tokio::select! {
                biased;
                end = self.process(fuse) => panic!("{fuse:?}: the process did not die: {end:?}"),
                () = fuse.burnt() => {}
            }
        };
        tokio::task::block_in_place(move || runtime.block_on(process));
    }

    /// Whether GHL has exchanged a refresh token.
    pub(super) fn is_spent(&self) -> bool {
        self.clinic.ghl.token_counters().refreshes > 0
    }

    /// Whether other tokens are stored than the processes found.
    pub(super) async fn has_new_tokens(&self) -> bool {
        let stored = VaultTokens::of(&self.open().await).load().await.unwrap().unwrap();
        stored.refresh_token.unwrap().expose_secret() != self.first
    }

    pub(super) async fn picture(&self) -> Picture {
        let service = self.open().await;
        let store = service.store();
        let contacts = self.clinic.ghl.front_desk().contacts().into_iter();
        let mut contacts: Vec<_> = contacts.map(|contact| [contact.first_name, contact.last_name, contact.email]).collect();
        contacts.sort();
        let secret: Option<SecretString> = store.vault().get(&TENANT, OTHER).await.unwrap();
        Picture {
            patients: self.clinic.ephysio.practice().patients().len(),
            contacts,
            links: store.heads(&TENANT, &person::KIND, None, 100).await.unwrap().len(),
            reviews: store.reviews(&TENANT, &ReviewQuery::default()).await.unwrap().len(),
            secret: secret.map(|secret| secret.expose_secret().to_owned()),
        }
    }

    /// The database as a new process opens it.
    async fn open(&self) -> Service {
        Service::open(self.settings.clone()).await.unwrap().with_env(Arc::new(Shared(self.clock.clone())))
    }

    fn wall_clock(&self) -> WallClock {
        let clock = self.clock.clone();
        WallClock::new(move || clock.now())
    }
}
