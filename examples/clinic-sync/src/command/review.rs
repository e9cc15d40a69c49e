//! `review`: what people have to decide or do.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use sync_core::vocabulary::appointment;
use sync_core::{Decision, RecordId, Review, ReviewId, ReviewQuery, Side, Values};

use tokio_util::sync::CancellationToken;

use super::words::reason;
use super::{Form, print_json};
use crate::{Clients, Error, Result, Service, Settings};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Lists what is open, without values.
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Shows one item, with its values.
    Show {
        /// The item's id, or its first letters.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Decides one item. The next sync carries it out, if the records still show what you saw.
    Resolve {
        /// The item's id, or its first letters.
        id: String,
        /// What is right.
        #[arg(value_enum)]
        decision: Answer,
    },
}

/// What a person can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    /// e-Physio's value is right.
    Ephysio,
    /// GHL's value is right.
    Ghl,
    /// Both may stay as they are.
    KeepBoth,
    /// It is the same person.
    Same,
    /// It is not the same person.
    Different,
    /// The batch may go on, once.
    LiftBrake,
}

impl From<Answer> for Decision {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Ephysio => Self::Take(Side::Left),
            Answer::Ghl => Self::Take(Side::Right),
            Answer::KeepBoth => Self::KeepBoth,
            Answer::Same => Self::Same,
            Answer::Different => Self::Different,
            Answer::LiftBrake => Self::LiftBrake,
        }
    }
}

impl ReviewCommand {
    pub(crate) async fn run(self, settings: Settings) -> Result<ExitCode> {
        match self {
            Self::List { form } => list(&Service::open(settings).await?, form).await?,
            Self::Show { id, form } => show(&Service::open(settings).await?, &id, form).await?,
            Self::Resolve { id, decision } => resolve(settings, &id, decision).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The open items, without values.
pub(crate) async fn open_items(service: &Service) -> Result<Vec<Review>> {
    let reviews = service.store().reviews(service.tenant(), &ReviewQuery::default()).await?;
    Ok(reviews.into_iter().filter(|review| review.decision.is_none()).collect())
}

async fn list(service: &Service, form: Form) -> Result<()> {
    let reviews = open_items(service).await?;
    if form.json {
        return print_json(&reviews.iter().map(|review| Line::new(review, None)).collect::<Vec<_>>());
    }
    if reviews.is_empty() {
        println!("nothing waits for a person");
        return Ok(());
    }
    let (appointments, people): (Vec<Review>, Vec<Review>) = reviews.into_iter().partition(|review| review.kind == appointment::KIND);
    print_table(["id", "since", "patient", "contact", "what"], &people);
    print_table(["id", "since", "event", "appointment", "what"], &appointments);
    Ok(())
}

fn print_table(header: [&str; 5], reviews: &[Review]) {
    if reviews.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(header);
    for review in reviews {
        let since = review.opened_at.format("%Y-%m-%d %H:%M").to_string();
        let record = |id: &Option<RecordId>| id.as_ref().map_or_else(String::new, RecordId::to_string);
        let id = review.id.to_string()[..8].to_owned();
        table.add_row([id, since, record(&review.records.left), record(&review.records.right), reason(&review.kind, &review.reason)]);
    }
    println!("{table}");
}

async fn show(service: &Service, id: &str, form: Form) -> Result<()> {
    let review = find(service, id).await?;
    if form.json {
        return print_json(&Line::new(&review, Some(&review.values)));
    }
    println!("{}\nsince {}", reason(&review.kind, &review.reason), review.opened_at.format("%Y-%m-%d %H:%M UTC"));
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["field", "e-Physio", "GHL"]);
    for (name, values) in &review.values.0 {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        table.add_row([name.to_string(), value(&values.left), value(&values.right)]);
    }
    println!("{table}");
    Ok(())
}

async fn resolve(settings: Settings, id: &str, answer: Answer) -> Result<()> {
    settings.check()?;
    let service = Service::open(settings).await?;
    let clients = Clients::of(&service)?;
    let review = find(&service, id).await?;
    let lease = service.lease(&CancellationToken::new()).await?;
    let engines = service.engines(&clients).await?;
    let of_kind = engines.iter().find(|engine| *engine.kind() == review.kind);
    let engine = of_kind.ok_or_else(|| Error::Usage(format!("{}s are not synced any more", review.kind)))?;
    engine.desk().decide(review.id, answer.into()).await?;
    lease.release().await?;
    println!("decided; the next sync carries it out");
    Ok(())
}

async fn find(service: &Service, id: &str) -> Result<Review> {
    let matching: Vec<ReviewId> =
        open_items(service).await?.iter().map(|review| review.id).filter(|full| full.to_string().starts_with(id)).collect();
    let [id] = matching[..] else {
        let what = if matching.is_empty() { "no open item has" } else { "several open items have" };
        return Err(Error::Usage(format!("{what} an id that begins with {id}; `clinic-sync review list` shows them")));
    };
    let query = ReviewQuery { id: Some(id), values: true, ..ReviewQuery::default() };
    let found = service.store().reviews(service.tenant(), &query).await?.into_iter().next();
    found.ok_or_else(|| Error::Usage(format!("the item {id} was closed just now")))
}

#[derive(serde::Serialize)]
struct Line<'a> {
    id: String,
    kind: &'a str,
    since: chrono::DateTime<chrono::Utc>,
    #[serde(flatten)]
    records: Records<'a>,
    #[serde(flatten)]
    reason: &'a sync_core::Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<&'a Values>,
}

impl<'a> Line<'a> {
    fn new(review: &'a Review, values: Option<&'a Values>) -> Self {
        Self {
            id: review.id.to_string(),
            kind: review.kind.as_str(),
            since: review.opened_at,
            records: Records::of(review),
            reason: &review.reason,
            values,
        }
    }
}

/// The ids of the records, in e-Physio and in GHL, by what they are called there.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Records<'a> {
    Person { patient: Option<&'a str>, contact: Option<&'a str> },
    Appointment { event: Option<&'a str>, appointment: Option<&'a str> },
}

impl<'a> Records<'a> {
    fn of(review: &'a Review) -> Self {
        let left = review.records.left.as_ref().map(RecordId::as_str);
        let right = review.records.right.as_ref().map(RecordId::as_str);
        if review.kind == appointment::KIND {
            Self::Appointment { event: left, appointment: right }
        } else {
            Self::Person { patient: left, contact: right }
        }
    }
}
