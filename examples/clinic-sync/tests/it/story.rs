//! Whole syncs over HTTP into a SQLite file, with everything that can go wrong on the way.

use std::process::{Command, Stdio};
use std::time::Duration;

use clinic_sync::demo::{Behaviour, Clinic, check, morning, pairs, waiting};
use clinic_sync::{Clients, Service, Settings};
use emulator_kit::{Fault, Reply, Rule, Running};
use sync_core::{Report, Result};
use tempfile::TempDir;

struct House {
    clinic: Clinic,
    running: (Running, Running),
    directory: TempDir,
}

impl House {
    async fn new(patients: u64) -> Self {
        let clinic = Clinic::build(patients, 1, Behaviour { rate_limit: None, ..Behaviour::default() });
        let running = clinic.serve().await.unwrap();
        Self { clinic, running, directory: tempfile::tempdir().unwrap() }
    }

    fn settings(&self) -> Settings {
        let mut settings = self.clinic.settings(&self.running.0.url(), &self.running.1.url(), &self.directory.path().join("clinic.db"));
        settings.patients.settle_seconds = 0;
        settings
    }

    async fn open(&self) -> (Service, Clients) {
        (Service::open(self.settings()).await.unwrap(), Clients::new(&self.settings()).unwrap())
    }

    async fn assert_whole(&self, service: &Service) {
        let verdict = check(&self.clinic, &pairs(service).await.unwrap(), &waiting(service).await.unwrap(), &[]);
        assert!(verdict.duplicates.is_empty() && verdict.lost.is_empty(), "{verdict}");
    }

    fn writes_since(&self, mark: usize) -> usize {
        let is_write = |path: &str, method: &http::Method| *method != http::Method::GET && !path.ends_with("/search");
        self.clinic.ghl.journal().since(mark).iter().filter(|entry| is_write(&entry.path, &entry.method)).count()
    }
}

async fn sweep(service: &Service, clients: &Clients) -> Result<Report> {
    service.engine(clients).await.unwrap().sweep().await
}

#[tokio::test]
async fn the_second_sync_makes_no_call_but_the_listings_and_an_edit_costs_one() {
    let mut house = House::new(60).await;
    let (service, clients) = house.open().await;
    sweep(&service, &clients).await.unwrap();
    house.assert_whole(&service).await;
    let mark = house.clinic.ghl.journal().len();
    let report = sweep(&service, &clients).await.unwrap();
    assert_eq!((report.counts.left.created, report.counts.right.created, house.writes_since(mark)), (0, 0, 0));
    let asked: Vec<String> = house.clinic.ghl.journal().since(mark).into_iter().map(|entry| entry.path).collect();
    assert_eq!(asked, ["/contacts/search"], "the listing");
    let paths = house.clinic.ephysio.journal().entries().into_iter().map(|entry| entry.path);
    assert_eq!(paths.filter(|path| path.ends_with("/patients")).count(), 2, "one listing a sync");
    let linked = pairs(&service).await.unwrap();
    let edits = morning(&mut house.clinic, &linked);
    for _ in 0..3 {
        sweep(&service, &clients).await.unwrap();
    }
    let verdict = check(&house.clinic, &pairs(&service).await.unwrap(), &waiting(&service).await.unwrap(), &edits);
    assert!(verdict.duplicates.is_empty() && verdict.lost.is_empty(), "{verdict}");
}

#[tokio::test]
async fn lost_replies_errors_after_the_effect_and_pages_of_html_double_nobody() {
    for fault in [
        Fault::CutAfter,
        Fault::CutBefore,
        Fault::Replace(Reply::new(502, "<html>bad gateway</html>").header("content-type", "text/html")),
        Fault::Replace(Reply::new(200, "<html>hello</html>").header("content-type", "text/html")),
        Fault::Truncate(20),
    ] {
        let house = House::new(30).await;
        let (service, clients) = house.open().await;
        house.clinic.ghl.faults().add(Rule::on("/contacts/", fault.clone()).method(http::Method::POST).after(4).times(2));
        for _ in 0..4 {
            let _ = sweep(&service, &clients).await;
        }
        assert_eq!(house.clinic.ghl.faults().waiting(), 0, "{} struck", fault.name());
        sweep(&service, &clients).await.unwrap();
        house.assert_whole(&service).await;
    }
}

#[tokio::test]
async fn a_429_is_waited_out_and_a_401_in_the_middle_is_one_login_and_the_same_request_again() {
    let house = House::new(20).await;
    let (service, clients) = house.open().await;
    let limited = Reply::new(429, "{}").header("retry-after", "0");
    house.clinic.ghl.faults().add(Rule::on("/contacts/", Fault::Refuse(limited)).method(http::Method::POST).after(3));
    sweep(&service, &clients).await.unwrap();
    house.clinic.ephysio.expire_tokens();
    sweep(&service, &clients).await.unwrap();
    house.assert_whole(&service).await;
    let logins = house.clinic.ephysio.journal().entries().iter().filter(|entry| entry.path.ends_with("/token")).count();
    assert_eq!(logins, 2, "one at the start, one after the expiry");
}

#[tokio::test]
async fn an_empty_list_or_a_broken_one_writes_nothing() {
    let house = House::new(40).await;
    let (service, clients) = house.open().await;
    sweep(&service, &clients).await.unwrap();
    let json = |body: &'static str| Reply::new(200, body).header("content-type", "application/json");
    let mark = house.clinic.ghl.journal().len();
    house.clinic.ephysio.faults().add(Rule::on("/patients", Fault::Replace(json("[]"))));
    let report = sweep(&service, &clients).await.unwrap();
    assert_eq!(report.brakes.len(), 1);
    for body in ["<html></html>", "[{\"id\": 1", "{\"error\": true}"] {
        house.clinic.ephysio.faults().add(Rule::on("/patients", Fault::Replace(json(body))));
        assert!(sweep(&service, &clients).await.is_err(), "{body}");
    }
    assert_eq!(house.writes_since(mark), 0);
    sweep(&service, &clients).await.unwrap();
    house.assert_whole(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_in_the_middle_of_the_first_sync_doubles_and_loses_nobody() {
    let house = House::new(150).await;
    let config = house.directory.path().join("clinic.toml");
    let database = house.directory.path().join("clinic.db");
    let text = format!(
        "database_url = {:?}\n[ephysio]\nbase_url = \"{}/api/1.0\"\nemail = \"praxis@example.ch\"\ncreate = \"immediate\"\n\
         [ghl]\nbase_url = {:?}\nlocation_id = \"loc-demo\"\nsearch_lag_seconds = 0\ncalls_per_10_seconds = 5000\n\
         [patients]\nconsent = \"all_active_patients\"\nsettle_seconds = 0\n",
        database.display().to_string(),
        house.running.0.url(),
        house.running.1.url()
    );
    std::fs::write(&config, text).unwrap();
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clinic-sync"));
        command.arg("--config").arg(&config).args(["sync", "--first-sync", "--json"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("EPHYSIO_PASSWORD", "demo-password").env("GHL_PRIVATE_INTEGRATION_TOKEN", "pit-demo");
        command
    };
    for wanted in [20, 60, 100] {
        let mut child = run().spawn().unwrap();
        while house.clinic.ghl.front_desk().contacts().len() < wanted && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for _ in 0..2 {
        let code = tokio::task::spawn_blocking({
            let mut command = run();
            move || command.status().unwrap().code()
        });
        assert!(matches!(code.await.unwrap(), Some(0 | 3)));
    }
    let service = Service::open(house.settings()).await.unwrap();
    house.assert_whole(&service).await;
}
