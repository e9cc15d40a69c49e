//! Invoices.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::chance::Ids;

/// An invoice as the practice keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoice {
    /// The id, never given twice.
    pub id: u64,
    /// Whose it is.
    pub patient_id: u64,
    /// 0, together with a detail of 0, is open; all else is not publicly documented.
    pub status: i64,
    /// See `status`.
    pub status_detail: i64,
    /// Its date.
    pub date: DateTime<Utc>,
    /// `attributes` as they were written; empty if staff opened it.
    pub attributes: Map<String, Value>,
    /// `prescription` as it was written; empty if staff opened it.
    pub prescription: Map<String, Value>,
}

impl Invoice {
    /// Whether it is open: not sent, not paid, not cancelled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        (self.status, self.status_detail) == (0, 0)
    }

    /// An open invoice with no id yet.
    pub(crate) fn open(patient_id: u64, date: DateTime<Utc>) -> Self {
        Self { id: 0, patient_id, status: 0, status_detail: 0, date, attributes: Map::new(), prescription: Map::new() }
    }
}

/// All invoices of the practice.
#[derive(Debug)]
pub(crate) struct Invoices {
    ids: Ids,
    rows: BTreeMap<u64, Invoice>,
}

impl Invoices {
    pub(crate) fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed, 7_000_000, 900_000), rows: BTreeMap::new() }
    }

    /// Takes an invoice in, under a new id.
    pub(crate) fn insert(&mut self, mut invoice: Invoice) -> u64 {
        let id = self.ids.next();
        invoice.id = id;
        self.rows.insert(id, invoice);
        id
    }

    /// Gives an invoice another status.
    pub(crate) fn set_status(&mut self, id: u64, status: i64) -> bool {
        let Some(invoice) = self.rows.get_mut(&id) else { return false };
        invoice.status = status;
        invoice.status_detail = 0;
        true
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Invoice> {
        self.rows.get(&id)
    }

    pub(crate) fn all(&self) -> Vec<Invoice> {
        self.rows.values().cloned().collect()
    }

    pub(crate) fn of(&self, patient: u64) -> Vec<Invoice> {
        self.rows.values().filter(|invoice| invoice.patient_id == patient).cloned().collect()
    }
}
