//! `doctor`: tries everything that a sync needs, and says what to do about what does not work.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use futures::StreamExt;
use ghl_client::connector::{Connector, appointment};

use tokio_util::sync::CancellationToken;

use super::{Form, print_json};
use crate::{Clients, Result, Service, Settings};

/// How far clocks may be apart before it is worth a word.
const SKEW: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Doctor {
    /// Create what is missing: the custom field in GHL that carries our token.
    #[arg(long)]
    fix: bool,
    #[command(flatten)]
    form: Form,
}

/// What one check found.
#[derive(Clone, Debug, serde::Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    says: String,
}

impl Finding {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, ok: true, says: says.into() }
    }

    fn bad(check: &'static str, says: impl std::fmt::Display) -> Self {
        Self { check, ok: false, says: format!("{says}") }
    }
}

impl Doctor {
    /// 0: all is well. 1: something is not.
    pub(crate) async fn run(self, settings: Settings) -> Result<ExitCode> {
        let findings = examine(settings, self.fix).await;
        let well = findings.iter().all(|finding| finding.ok);
        if self.form.json {
            print_json(&findings)?;
        } else {
            for finding in &findings {
                println!("{} {:<14} {}", if finding.ok { "ok " } else { "BAD" }, finding.check, finding.says);
            }
            println!("{}", if well { "all is well" } else { "please see to what is marked BAD" });
        }
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn examine(settings: Settings, fix: bool) -> Vec<Finding> {
    let mut findings = check_settings(&settings);
    let service = match Service::open(settings.clone()).await {
        Ok(service) => service,
        Err(error) => {
            findings.push(Finding::bad("database", error));
            return findings;
        }
    };
    findings.extend(check_store(&service).await);
    match Clients::of(&service) {
        Ok(clients) => {
            findings.push(check_ephysio(&clients).await);
            findings.extend(check_ghl(&service, &clients, fix).await);
        }
        Err(_) => findings.push(Finding::bad("logins", "not tried, since the settings are not complete")),
    }
    findings
}

fn check_settings(settings: &Settings) -> Vec<Finding> {
    let problems = settings.problems().into_iter().map(|problem| Finding::bad("settings", problem));
    let mut findings: Vec<Finding> = problems.collect();
    match settings.patients.policy() {
        Ok(policy) => {
            let names: Vec<&str> = policy.fields.keys().map(sync_core::FieldName::as_str).collect();
            findings.push(Finding::ok("mapping", format!("{} fields: {}", names.len(), names.join(", "))));
        }
        Err(problems) => findings.extend(problems.into_iter().map(|problem| Finding::bad("mapping", problem))),
    }
    if let Some(consent) = &settings.patients.consent {
        findings.push(Finding::ok("consent", format!("patients are passed on to GHL by the rule {consent:?}")));
    }
    if settings.ephysio.sex_true.is_none() {
        let says = "sex is not read from e-Physio, since sex_true is not set; compare a patient you know, then set it";
        findings.push(Finding::ok("sex", says));
    }
    findings
}

async fn check_store(service: &Service) -> Vec<Finding> {
    let place = service.store().place();
    let mut findings = vec![Finding::ok("database", &place)];
    let settings = service.settings();
    let key = match (&settings.vault.key, &settings.vault.key_file) {
        (Some(_), _) => "from VAULT_KEY".to_owned(),
        (None, Some(file)) => format!("in {}", file.display()),
        (None, None) => {
            format!("in the key file beside the database ({place}.key); keep a copy elsewhere: without it, sealed values are lost")
        }
    };
    findings.push(match service.store().tenant_key(service.tenant()).await {
        Ok(_) => Finding::ok("key", key),
        Err(error) => Finding::bad("key", error),
    });
    findings.push(match service.lease(&CancellationToken::new()).await {
        Ok(lease) => match lease.release().await {
            Ok(()) => Finding::ok("lease", "no other process works on this practice"),
            Err(error) => Finding::bad("lease", error),
        },
        Err(error) => Finding::bad("lease", error),
    });
    findings
}

/// Logs in, and reads the beginning of the patient list.
async fn check_ephysio(clients: &Clients) -> Finding {
    let listed = async {
        let mut patients = clients.ephysio.patients(Some(ephysio_client::PatientStatus::ACTIVE)).await?;
        let first = patients.next().await.transpose()?;
        first.map(|raw| ephysio_client::Patient::from_json(&raw)).transpose()
    };
    match listed.await {
        Ok(Some(_)) => Finding::ok("e-Physio", "logged in, and the patient list can be read"),
        Ok(None) => Finding::ok("e-Physio", "logged in; the patient list is empty"),
        Err(error) if error.kind() == sync_http::ErrorKind::Transport => {
            Finding::bad("e-Physio", format!("{error}; check the network, and `base_url` under [ephysio]"))
        }
        Err(error) => Finding::bad("e-Physio", error),
    }
}

async fn check_ghl(service: &Service, clients: &Clients, fix: bool) -> Vec<Finding> {
    let settings = match service.ghl_people() {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::bad("GHL", error)],
    };
    let mut findings = Vec::new();
    if fix {
        match Connector::create_missing_fields(&clients.ghl, &settings).await {
            Ok(created) if created.is_empty() => {}
            Ok(created) => findings.push(Finding::ok("fixed", format!("created the custom field {}", created.join(", ")))),
            Err(error) => findings.push(Finding::bad("fix", error)),
        }
    }
    match Connector::connect(clients.ghl.clone(), settings).await {
        Ok(connector) => {
            findings.push(Finding::ok("GHL", "the token is accepted, and the location can be read"));
            findings.push(match connector.missing_fields() {
                [] => Finding::ok("custom fields", "all are there"),
                missing => {
                    Finding::bad("custom fields", format!("{} is missing; `clinic-sync doctor --fix` creates it", missing.join(", ")))
                }
            });
        }
        Err(error) => findings.push(Finding::bad("GHL", crate::Error::from(error))),
    }
    findings.extend(check_calendars(service, clients).await);
    findings.extend(check_clock(service).await);
    findings
}

/// Whether GHL has the calendars and users that the settings name.
async fn check_calendars(service: &Service, clients: &Clients) -> Vec<Finding> {
    if !service.settings().appointments.is_on() {
        return vec![Finding::ok("calendars", "none are given under [appointments], so appointments are not synced")];
    }
    let problems = match appointment::Connector::new(clients.ghl.clone(), service.ghl_appointments()) {
        Ok(connector) => connector.problems().await,
        Err(error) => Err(error),
    };
    match problems {
        Ok(problems) if problems.is_empty() => vec![Finding::ok("calendars", "GHL has all of them")],
        Ok(problems) => problems.into_iter().map(|problem| Finding::bad("calendars", problem)).collect(),
        Err(error) => vec![Finding::bad("calendars", error)],
    }
}

/// Compares this machine's clock with GHL's, by the date of any answer.
async fn check_clock(service: &Service) -> Option<Finding> {
    let theirs = server_date(&service.settings().ghl.base_url).await?;
    let apart = (Utc::now() - theirs).abs().to_std().unwrap_or_default();
    Some(if apart <= SKEW {
        Finding::ok("clock", "agrees with GHL's")
    } else {
        Finding::bad("clock", format!("is {} s away from GHL's; set this machine's clock", apart.as_secs()))
    })
}

async fn server_date(base_url: &str) -> Option<DateTime<Utc>> {
    let base = base_url.parse().ok()?;
    let transport = sync_http::ReqwestTransport::new(&base, &sync_http::Timeouts::default()).ok()?;
    let request = http::Request::get(base_url).body(bytes::Bytes::new()).ok()?;
    let answer = sync_http::Transport::send(&transport, request).await.ok()?;
    let date = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.with_timezone(&Utc))
}
