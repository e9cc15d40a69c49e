//! The engines over a store and two clients: one per kind, in the order in which kinds refer to each other.

use std::sync::Arc;
use std::time::Duration;

use ephysio_client::connector::{CreateAnswers, appointment as ephysio_appointment};
use ghl_client::SlotCheck;
use ghl_client::connector::appointment as ghl_appointment;
use sync_core::observer::Observer;
use sync_core::vocabulary::appointment::AppointmentSchema;
use sync_core::vocabulary::person::PersonSchema;
use sync_core::{Digester, Engine, MemoryStore, Plan, Policy, Schema, Setup, Sides, Sink, SystemEnv, check_order};

use crate::service::{Lease, Service};
use crate::settings;
use crate::{Clients, Error, Result, Settings, database};

impl Service {
    /// An engine for patients and contacts.
    ///
    /// # Errors
    /// When a side cannot be asked about its fields, or the settings do not fit together.
    pub async fn engine(&self, clients: &Clients) -> Result<Engine> {
        self.people(clients, self.digester().await?).await
    }

    /// The engines of all kinds, each after those it refers to.
    ///
    /// # Errors
    /// As [`engine`](Self::engine).
    pub async fn engines(&self, clients: &Clients) -> Result<Vec<Engine>> {
        self.all(clients, self.digester().await?).await
    }

    /// Engines that commit only under the lease, tell the observer, and stop when asked.
    ///
    /// # Errors
    /// As [`engine`](Self::engine).
    pub async fn leased_engines(&self, clients: &Clients, lease: &Lease, observer: &Arc<dyn Observer>) -> Result<Vec<Engine>> {
        let leased =
            |engine: Engine| engine.with_observer(observer.clone()).with_fence(lease.fence()).with_cancellation(lease.stop().clone());
        Ok(self.engines(clients).await?.into_iter().map(leased).collect())
    }

    /// What a sync would do now, by kind. Where there is no database yet, none is made, and nobody is known.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`engine`](Self::engine), and when a side cannot be read.
    pub async fn plan(settings: Settings) -> Result<Vec<Plan>> {
        settings.check()?;
        let engines = if database::is_set_up(&settings).await? {
            let service = Self::open(settings).await?;
            service.engines(&Clients::of(&service)?).await?
        } else {
            let clients = &Clients::new(&settings)?;
            let store = Arc::new(MemoryStore::new());
            let empty = Service::over(settings, store.clone(), store, Arc::new(SystemEnv));
            let mut key = [0; 32];
            empty.env().fill(&mut key);
            empty.all(clients, Digester::new(&key, 0)).await?
        };
        let mut plans = Vec::new();
        for engine in engines {
            plans.push(engine.plan().await?);
        }
        Ok(plans)
    }

    async fn digester(&self) -> Result<Digester> {
        Ok(self.store().tenant_key(self.tenant()).await?.digester())
    }
}

impl<S: ?Sized> Service<S> {
    async fn all(&self, clients: &Clients, digester: Digester) -> Result<Vec<Engine>> {
        let people = self.people(clients, digester.clone()).await?;
        if !self.settings().appointments.is_on() {
            return Ok(vec![people]);
        }
        check_order(&[&self.person_schema()?, &AppointmentSchema])?;
        Ok(vec![people, self.appointments(clients, digester).await?])
    }

    async fn people(&self, clients: &Clients, digester: Digester) -> Result<Engine> {
        let ephysio = ephysio_client::connector::Connector::new(clients.ephysio.clone(), self.ephysio_people()?);
        let connect = async || {
            let connector = ghl_client::connector::Connector::connect(clients.ghl.clone(), self.ghl_people()?).await?;
            Ok::<_, Error>(Arc::new(connector))
        };
        let ghl: Arc<dyn Sink> = clients.connected.get_or_try_init(connect).await?.clone();
        let policy = self.settings().patients.policy().map_err(Error::Settings)?.with_mapping(&self.settings().mapping_of_people());
        self.engine_of(Arc::new(self.person_schema()?), policy, digester, Sides::new(Arc::new(ephysio), ghl))
    }

    async fn appointments(&self, clients: &Clients, digester: Digester) -> Result<Engine> {
        let connect = async || {
            let ephysio = ephysio_appointment::Connector::new(clients.ephysio.clone(), self.ephysio_appointments())?;
            let ghl = ghl_appointment::Connector::new(clients.ghl.clone(), self.ghl_appointments())?.with_clock(clients.clock.clone());
            Ok::<_, Error>(Sides::<Arc<dyn Sink>>::new(Arc::new(ephysio), Arc::new(ghl)))
        };
        let sides = clients.calendars.get_or_try_init(connect).await?.clone();
        let freshness = Duration::from_secs(self.settings().patients.freshness_seconds);
        let appointments = &self.settings().appointments;
        let policy = appointments.policy(freshness).with_mapping(&appointments.mapping());
        self.engine_of(Arc::new(AppointmentSchema), policy, digester, sides)
    }

    pub(crate) fn engine_of(
        &self,
        schema: Arc<dyn Schema>,
        policy: Policy,
        digester: Digester,
        sides: Sides<Arc<dyn Sink>>,
    ) -> Result<Engine> {
        let setup = Setup { tenant: self.tenant().clone(), schema, policy, digester, env: self.env().clone() };
        Ok(Engine::new(setup, sides, self.mapping_store())?)
    }

    pub(crate) fn person_schema(&self) -> Result<PersonSchema> {
        let region = &self.settings().patients.region;
        PersonSchema::new(region)
            .map_err(|_| Error::Settings(vec![format!("[patients] region = \"{region}\" is no country code such as CH")]))
    }

    /// How e-Physio's connector for patients is set up.
    ///
    /// # Errors
    /// When the region is none.
    pub fn ephysio_people(&self) -> Result<ephysio_client::connector::Settings> {
        let settings = &self.settings().ephysio;
        Ok(ephysio_client::connector::Settings {
            region: self.person_schema()?.region(),
            settle: Duration::from_secs(self.settings().patients.settle_seconds),
            create: match settings.create {
                settings::Create::Request => CreateAnswers::Request,
                settings::Create::Immediate => CreateAnswers::Immediate,
            },
            list_all: settings.list_all,
            custom_fields: settings.custom_fields.clone(),
            ..ephysio_client::connector::Settings::default()
        })
    }

    /// How GHL's connector for contacts is set up.
    ///
    /// # Errors
    /// When the region is none.
    pub fn ghl_people(&self) -> Result<ghl_client::connector::Settings> {
        let settings = &self.settings().ghl;
        Ok(ghl_client::connector::Settings {
            region: self.person_schema()?.region(),
            settle: Duration::from_secs(self.settings().patients.settle_seconds),
            lag: Duration::from_secs(settings.search_lag_seconds),
            source: Some(settings.source.clone()).filter(|source| !source.is_empty()),
            token_field: Some(settings.token_field.clone()).filter(|field| !field.is_empty()),
            custom_fields: settings.custom_fields.clone(),
            parallel: settings.parallel,
            ..ghl_client::connector::Settings::default()
        })
    }

    pub(crate) fn ephysio_appointments(&self) -> ephysio_appointment::Settings {
        let settings = &self.settings().appointments;
        let practitioner = |(name, known): (&String, &settings::Practitioner)| {
            let settings::Practitioner { client_id, admin_info_id } = *known;
            (name.clone(), ephysio_appointment::Practitioner { client_id, admin_info_id })
        };
        ephysio_appointment::Settings {
            practitioners: settings.practitioners.iter().map(practitioner).collect(),
            services: settings.services.clone(),
            default_service: settings.default_service.clone(),
            statuses: settings.ephysio_statuses(),
            past_days: settings.past_days,
            future_days: settings.future_days,
            create_invoice: settings.invoice.is_some(),
            settle: Duration::from_secs(settings.settle_seconds),
            ..ephysio_appointment::Settings::default()
        }
    }

    /// How GHL's connector for appointments is set up.
    #[must_use]
    pub fn ghl_appointments(&self) -> ghl_appointment::Settings {
        let settings = &self.settings().appointments;
        let row = |calendar: &settings::Calendar| ghl_appointment::CalendarRow {
            calendar_id: calendar.calendar_id.clone(),
            user_id: calendar.user_id.clone(),
            practitioner: calendar.practitioner.clone(),
            service: calendar.service.clone(),
        };
        ghl_appointment::Settings {
            calendars: settings.calendars.iter().map(row).collect(),
            statuses: settings.ghl_meanings(),
            title: settings.title.clone(),
            slot_check: match settings.slot_check {
                settings::SlotCheck::Ignore => SlotCheck::None,
                settings::SlotCheck::Enforce => SlotCheck::Full,
            },
            past_days: settings.past_days,
            future_days: settings.future_days,
            lag: Duration::from_secs(self.settings().ghl.search_lag_seconds),
            settle: Duration::from_secs(settings.settle_seconds),
            parallel: self.settings().ghl.parallel,
            ..ghl_appointment::Settings::default()
        }
    }
}
