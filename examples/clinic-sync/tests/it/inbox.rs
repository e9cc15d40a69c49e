//! What becomes of records that were hinted at: scenarios that hold on both databases.

mod ended;
mod failing;
mod together;

use std::cell::Cell;
use std::time::Duration;

use chrono::Utc;
use clinic_sync::TENANT;
use emulator_kit::{Fault, Rule};
use ghl_emulator::{Contact, Deliveries, Grantor, Receiver, WebhookSettings};
use http::Method;
use sync_core::testing::SeededEnv;
use sync_core::vocabulary::person;
use sync_core::{HintKey, RecordId, Side, Urgency};

use crate::house::{House, Mark};
use crate::live::{CLIENT, Live, until};

/// So often a record is looked at.
const ATTEMPTS: usize = 8;
/// As long as a process's lease lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(121);

/// Where the service keeps what it knows.
#[derive(Clone, Copy, Debug)]
enum Database {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

impl Database {
    /// Has the house use a database of this kind, with nothing in it.
    async fn of(self, house: &mut House) {
        match self {
            Self::Sqlite => {}
            #[cfg(feature = "postgres")]
            Self::Postgres => {
                house.env("DATABASE_URL", &crate::server::fresh().await);
                house.env("VAULT_KEY", crate::postgres::KEY);
            }
        }
    }

    /// A practice with so many patients, each of whom has a contact.
    async fn house(self, patients: usize) -> House {
        let (mut house, _) = crate::live::house(patients).await;
        self.of(&mut house).await;
        house.sync().await;
        house
    }
}

/// Makes one test of each scenario for each database.
macro_rules! on_both_databases {
    ($($scenario:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $scenario() {
                super::$scenario(crate::inbox::Database::Sqlite).await;
            })*
        }
        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $scenario() {
                super::$scenario(crate::inbox::Database::Postgres).await;
            })*
        }
    };
}
use on_both_databases;

/// The hint that a webhook about a contact makes.
fn hint(contact: &str) -> (HintKey, Urgency) {
    let key = HintKey { tenant: TENANT, kind: person::KIND, side: Side::Right, id: RecordId::new(contact) };
    (key, Urgency::Live)
}

/// Has the service look at these, once it runs.
async fn push(house: &House, contacts: &[Contact]) {
    let hints: Vec<_> = contacts.iter().map(|contact| hint(&contact.id)).collect();
    let (service, _) = house.open().await;
    service.store().push(&hints, Utc::now()).await.unwrap();
    service.store().close().await;
}

/// A clock that shows the machine's time, until it is moved on.
fn clock() -> SeededEnv {
    let env = SeededEnv::new(1);
    env.advance((Utc::now() - SeededEnv::START).to_std().unwrap());
    env
}

/// Has GHL send its webhooks there, when a test says so.
fn webhooks(house: &House, live: &Live) -> Deliveries {
    let receiver = Receiver::url(&format!("{}/api/webhooks/", live.url)).unwrap();
    let deliveries = house.clinic.ghl.send_webhooks(CLIENT, receiver, WebhookSettings::default()).unwrap();
    house.clinic.ghl.front_desk().authorize(CLIENT, Grantor::Location);
    deliveries
}

/// How often a contact was looked at since.
fn looks(house: &House, since: Mark, contact: &str) -> usize {
    let journal = house.clinic.ghl.journal().since(since.ghl);
    journal.iter().filter(|entry| entry.method == Method::GET && entry.path == format!("/contacts/{contact}")).count()
}

/// The next so many looks at contacts take so long.
fn slow_down(house: &House, looks: usize, pause: Duration) {
    let slow = Rule::on("/contacts/", Fault::DelayBefore(pause));
    house.clinic.ghl.faults().add(slow.method(Method::GET).times(looks));
}

/// Waits until so many slow looks have begun; says how many were under way at once.
async fn most_at_once(house: &House, since: Mark, looks: usize) -> usize {
    let most = Cell::new(0);
    until(async || {
        let entries = house.clinic.ghl.journal().since(since.ghl);
        let slow: Vec<_> = entries.iter().filter(|entry| entry.fault.is_some()).collect();
        most.set(most.get().max(slow.iter().filter(|entry| entry.status.is_none()).count()));
        slow.len() >= looks
    })
    .await;
    most.get()
}
