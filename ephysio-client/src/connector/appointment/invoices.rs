//! On which invoice an appointment is billed.
//!
//! An invoice is a billing document: never one that is closed or another patient's, and never two where one would do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sync_core::{Error, ErrorKind, Result};
use sync_http::Verdict;
use tokio::sync::Mutex as AsyncMutex;

use super::Connector;
use crate::connector::failed;

/// How long a look-up is believed. Staff send invoices off at any time.
const BELIEVED: TimeDelta = TimeDelta::minutes(2);

/// What staff have to prepare.
const MISSING: &str = "an open invoice";

/// What is known of the invoices of each patient.
#[derive(Default)]
pub(super) struct Invoices {
    desks: Mutex<BTreeMap<i64, Arc<AsyncMutex<Desk>>>>,
}

/// One patient's. Whoever holds it looks up and creates; others wait and find what was found.
#[derive(Default)]
struct Desk {
    looked_up: Option<(DateTime<Utc>, Billing)>,
    /// When an invoice was asked for of which nobody knows whether it is there.
    asked_for: Option<DateTime<Utc>>,
}

/// Whether an appointment can be billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Billing {
    /// On this invoice.
    On(i64),
    /// On none, as long as staff have not done what is named here.
    Blocked(&'static str),
}

/// An answer, and whether it was looked up just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) billing: Billing,
    pub(super) is_fresh: bool,
}

impl Invoices {
    /// Forgets what was looked up, but not what was asked for.
    pub(super) fn look_anew(&self) {
        // What somebody holds right now is fresh, and stays the one desk of that patient.
        self.desks().retain(|_, desk| match Arc::get_mut(desk) {
            Some(desk) => {
                let desk = desk.get_mut();
                desk.looked_up = None;
                desk.asked_for.is_some()
            }
            None => true,
        });
    }

    fn desk(&self, patient_id: i64) -> Arc<AsyncMutex<Desk>> {
        self.desks().entry(patient_id).or_default().clone()
    }

    fn desks(&self) -> MutexGuard<'_, BTreeMap<i64, Arc<AsyncMutex<Desk>>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connector {
    /// The invoice on which an appointment of this patient is billed. One look-up serves a run; `not` is an invoice that was refused
    /// and must be looked up again.
    pub(super) async fn billing(&self, patient_id: i64, at: DateTime<Utc>, not: Option<i64>) -> Result<Answer> {
        let desk = self.invoices.desk(patient_id);
        let mut desk = desk.lock().await;
        let now = self.client.now();
        let is_believed = |(looked_up, billing): &(DateTime<Utc>, Billing)| {
            (TimeDelta::zero()..BELIEVED).contains(&(now - *looked_up)) && not.is_none_or(|not| *billing != Billing::On(not))
        };
        if let Some((_, billing)) = desk.looked_up.filter(is_believed) {
            return Ok(Answer { billing, is_fresh: false });
        }
        desk.looked_up = None;
        let billing = self.look_up(&mut desk, patient_id, at).await?;
        desk.looked_up = Some((now, billing));
        Ok(Answer { billing, is_fresh: true })
    }

    async fn look_up(&self, desk: &mut Desk, patient_id: i64, at: DateTime<Utc>) -> Result<Billing> {
        match self.open_invoice(patient_id, at).await {
            Ok(Some(invoice)) => {
                desk.asked_for = None;
                Ok(Billing::On(invoice))
            }
            Ok(None) if self.settings.create_invoice => self.create_invoice(desk, patient_id, at).await,
            Ok(None) => Ok(Billing::Blocked(MISSING)),
            Err(error) if is_about_this_patient(&error) => Ok(Billing::Blocked("an open invoice that e-Physio shows")),
            Err(error) => Err(failed(error)),
        }
    }

    async fn create_invoice(&self, desk: &mut Desk, patient_id: i64, at: DateTime<Utc>) -> Result<Billing> {
        let now = self.client.now();
        let settle = TimeDelta::from_std(self.settings.settle).unwrap_or(TimeDelta::MAX);
        if desk.asked_for.is_some_and(|since| now - since < settle) {
            return Err(in_doubt());
        }
        // Before the call: whoever drops it on the way leaves nobody who knows its outcome.
        desk.asked_for = Some(now);
        let created = match self.client.create_invoice(patient_id, at).await {
            Ok(created) => created.id.and_then(|id| id.parse().ok()),
            Err(error) if error.verdict() == Verdict::Unknown => return Err(in_doubt().with_source(error)),
            Err(error) => {
                desk.asked_for = None;
                if is_about_this_patient(&error) {
                    return Ok(Billing::Blocked("an open invoice, since e-Physio refuses to create one: check the patient's address"));
                }
                return Err(failed(error));
            }
        };
        let invoice = match created {
            Some(invoice) => Some(invoice),
            None => self.open_invoice(patient_id, at).await.map_err(failed)?,
        };
        let invoice = invoice.ok_or_else(in_doubt)?;
        desk.asked_for = None;
        Ok(Billing::On(invoice))
    }

    /// The first open invoice as e-Physio answers them.
    async fn open_invoice(&self, patient_id: i64, at: DateTime<Utc>) -> sync_http::Result<Option<i64>> {
        let invoices = self.client.open_invoices(&patient_id.to_string(), at).await?;
        let number = |id: &str| id.parse().map_err(|_| sync_http::Error::new(sync_http::ErrorKind::Decode, "invoices.find"));
        invoices.first().map(|invoice| number(&invoice.id)).transpose()
    }
}

/// Whether an error says something of one patient's invoices, and nothing of the next one's.
fn is_about_this_patient(error: &sync_http::Error) -> bool {
    use sync_http::ErrorKind::{Conflict, Decode, NotFound, Refused, TooLarge};
    error.verdict() == Verdict::Permanent && [Refused, Conflict, NotFound, Decode, TooLarge].contains(&error.kind())
}

/// No appointment was asked for, so that the next run may look again.
fn in_doubt() -> Error {
    Error::temporary(ErrorKind::Remote, "an invoice was asked for and may be there or not; the next run looks for it")
}
