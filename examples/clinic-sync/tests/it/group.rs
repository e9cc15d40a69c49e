//! Several practices on one PostgreSQL server, and the processes that serve them.

mod killed;
mod kills;
mod late;
mod neighbours;
mod tenants;
mod ticks;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use clinic_sync::demo::Behaviour;
use ephysio_emulator::{Quirks, UpdatePatient};
use ghl_emulator::{Deliveries, Grantor, Receiver, Sending, WebhookSettings};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

use crate::house::{House, Ran};
use crate::server;

const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Several practices, and the settings of the processes that serve them.
struct Group {
    address: String,
    houses: Vec<House>,
}

/// A process that serves them. Dropped, it is killed.
struct Process {
    child: Child,
    url: String,
    /// Kept open: there is more that it says.
    said: BufReader<ChildStdout>,
}

impl Process {
    fn id(&self) -> u32 {
        self.child.id()
    }

    /// The figures, of a process that listens.
    async fn figures(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("figures at ").unwrap_or_else(|| panic!("{line}"));
        reqwest::get(url).await.unwrap().text().await.unwrap()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Group {
    /// So many practices with so many patients each, whose patients can be changed in e-Physio too.
    async fn of(practices: usize, patients: usize) -> Self {
        let address = server::fresh().await;
        let mut houses = Vec::new();
        for number in 0..practices {
            let name = format!("practice-{number}");
            let quirks = Quirks { update_patient: UpdatePatient::Put, ..Quirks::default() };
            let mut house = House::behaving(Behaviour { quirks, location: format!("loc-{number}"), ..Behaviour::default() }).await;
            house.env("DATABASE_URL", &address);
            house.env("VAULT_KEY", KEY);
            house.tenant = Some(name);
            house.set("ephysio.operations.update_patient.support", "enabled");
            house.set("ephysio.operations.update_patient.method", "PUT");
            house.set("ephysio.operations.update_patient.path", "/patients/{id}");
            house.set("ephysio.operations.update_patient.body", "patch");
            house.set("ephysio.operations.update_patient.success", vec![200, 204]);
            house.set("patients.freshness_seconds", 0);
            for number in 0..patients {
                house.admit(number);
            }
            houses.push(house);
        }
        Self { address, houses }
    }

    /// The settings of a practice, as `tenant add` wants them.
    fn settings_of(house: &House) -> String {
        let mut table: toml::Table = house.text().parse().unwrap();
        table.remove("database_url");
        let mut own = |table_name: &str, key: &str, value: &str| {
            table[table_name].as_table_mut().unwrap().insert(key.to_owned(), value.into());
        };
        own("ephysio", "password", "demo-password");
        own("ghl", "private_integration_token", "pit-demo");
        table.to_string()
    }

    /// The settings of every process.
    fn process(&self) -> String {
        let keys: Vec<_> = self.houses.iter().map(|house| house.clinic.ghl.webhook_public_key()).collect();
        let mut serve = toml::Table::new();
        serve.insert("listen".to_owned(), "127.0.0.1:0".into());
        serve.insert("metrics".to_owned(), "127.0.0.1:0".into());
        serve.insert("webhook_public_keys".to_owned(), keys.into());
        toml::Table::from_iter([("serve".to_owned(), serve.into())]).to_string()
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.houses[0].run_with(&self.process(), arguments).await
    }

    async fn add(&self, house: &House) -> Ran {
        self.add_with(house, &["--first-sync"]).await
    }

    async fn add_with(&self, house: &House, more: &[&str]) -> Ran {
        let file = house.path("tenant.toml");
        std::fs::write(&file, Self::settings_of(house)).unwrap();
        let name = house.tenant.clone().unwrap();
        self.run(&[&["tenant", "add", &name, "--settings", file.to_str().unwrap()], more].concat()).await
    }

    /// Adds them all.
    async fn add_all(&self) {
        for house in &self.houses {
            let added = self.add(house).await;
            assert_eq!(added.code, Some(0), "{added:?}");
        }
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.houses[0].command_with(&self.process(), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let line = line.trim();
        assert!(!line.is_empty(), "{arguments:?} did not start");
        Process { child, url: line.strip_prefix("listening at ").unwrap_or_default().to_owned(), said }
    }

    /// Has each GHL send its webhooks there.
    fn hear(&self, url: &str) -> Vec<(Deliveries, Sending)> {
        let hear = |house: &House| {
            let receiver = Receiver::url(&format!("{url}/api/webhooks/")).unwrap();
            let deliveries = house.clinic.ghl.send_webhooks("appdemo-m0000000", receiver, WebhookSettings::default()).unwrap();
            house.clinic.ghl.front_desk().authorize("appdemo-m0000000", Grantor::Location);
            let sending = deliveries.start();
            (deliveries, sending)
        };
        self.houses.iter().map(hear).collect()
    }

    /// A connection to the database.
    async fn raw(&self) -> PgConnection {
        self.address.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
    }

    /// Until every patient of every practice has a contact.
    async fn synced(&self, patients: usize) {
        until(async || self.houses.iter().all(|house| house.contacts() == patients)).await;
    }

    /// Until nobody works, and nothing is due.
    async fn idle(&self) {
        let mut db = self.raw().await;
        for _ in 0..2_000 {
            let busy = "SELECT (SELECT count(*) FROM clinic_sync.hint WHERE NOT dead) + (SELECT count(*) FROM clinic_sync.lease WHERE holder IS NOT NULL)";
            let busy: i64 = sqlx::query_scalar(busy).fetch_one(&mut db).await.unwrap();
            if busy == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never came to rest");
    }
}

async fn until(condition: impl AsyncFn() -> bool) {
    for _ in 0..6_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to that");
}
