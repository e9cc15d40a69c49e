//! A house on another day, synced in this process, so that days can pass.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clinic_sync::{Clients, Service};
use emulator_kit::Clock;
use ephysio_emulator::{EventQuirks, Quirks};
use sync_core::{Env, Report, Result, SystemEnv};
use sync_http::WallClock;

use crate::calendar::{Practice, calendars, open_calendars};
use crate::house::House;

/// A practice, and a service that goes by its clock.
pub(crate) struct Then {
    pub(crate) practice: Practice,
    pub(crate) service: Service,
    pub(crate) clients: Clients,
}

/// Everybody's clock.
#[derive(Debug)]
struct ClockEnv(Clock);

impl Env for ClockEnv {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn fill(&self, buffer: &mut [u8]) {
        SystemEnv.fill(buffer);
    }
}

impl Then {
    /// A house with calendars on that day at nine o'clock in the morning.
    pub(crate) async fn on(day: &str, events: EventQuirks, set: impl FnOnce(&mut House)) -> Self {
        let clock = Clock::starting_at(utc(&format!("{day}T08:00:00Z")));
        let mut house = House::at(clock.clone(), Quirks { events, ..Quirks::default() }).await;
        open_calendars(&mut house);
        set(&mut house);
        let settings = house.parsed();
        let time = clock.clone();
        let clients = Clients::with_clock(&settings, WallClock::new(move || time.now())).unwrap();
        let service = Service::open(settings).await.unwrap().with_env(Arc::new(ClockEnv(clock)));
        let calendar = calendars(&house).remove(0);
        Self { practice: Practice { house, people: Vec::new(), calendar }, service, clients }
    }

    /// A patient and the contact.
    pub(crate) async fn admit(&self, number: usize) -> (u64, String) {
        let patient = self.practice.house.admit(number);
        self.sync().await;
        (patient, self.practice.house.contact_of(patient).await)
    }

    /// One sync of both kinds, which tells nobody anything. What was done to appointments.
    pub(crate) async fn try_sync(&self) -> Result<Report> {
        let before = self.practice.told();
        let [people, appointments] = &self.service.engines(&self.clients).await.unwrap()[..] else { panic!("two kinds") };
        people.sweep().await?;
        let report = appointments.sweep().await;
        assert_eq!(self.practice.told(), before, "a patient would have heard of this sync");
        report
    }

    pub(crate) async fn sync(&self) -> Report {
        self.try_sync().await.unwrap()
    }

    /// So many syncs, a day apart, that write nothing.
    pub(crate) async fn days_without_a_write(&self, days: u32) {
        let mark = self.practice.house.mark();
        for _ in 0..days {
            self.pass(1);
            self.sync().await;
        }
        let (ephysio, ghl) = self.practice.house.writes(mark);
        assert!(ephysio.is_empty() && ghl.is_empty(), "{ephysio:?} {ghl:?}");
    }

    pub(crate) fn pass(&self, days: u64) {
        self.practice.house.clinic.ghl.clock().advance(Duration::from_secs(days * 86_400));
    }
}

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
