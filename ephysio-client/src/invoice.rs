//! Invoices: what appointments are billed on.

mod calls;
mod template;

use std::fmt;

use serde::Deserialize;
use sync_http::{Shown, shown};

pub use calls::CreatedInvoice;
pub use template::{InvoiceTemplate, Law, TreatmentCause};

/// An invoice, as far as booking needs it: neither law nor diagnosis is read. Its debug output shows the id only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// The id. It comes as a number or as text.
    #[serde(deserialize_with = "shown::id")]
    pub id: String,
    /// Whose it is, if that is shown.
    #[serde(default, deserialize_with = "shown::text")]
    pub patient_id: Shown<String>,
    #[serde(default)]
    stati: Stati,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stati {
    #[serde(default, deserialize_with = "shown::integer")]
    status: Shown<i64>,
    #[serde(default, deserialize_with = "shown::integer")]
    status_detail: Shown<i64>,
}

impl Invoice {
    /// Whether it is open and not sent: status 0 and detail 0, both of them shown. No other code is documented, so no other one counts.
    #[must_use]
    pub fn is_open(&self) -> bool {
        (self.stati.status, self.stati.status_detail) == (Shown::Value(0), Shown::Value(0))
    }

    /// Whether it may be that patient's: it says so, or says nothing.
    fn may_be_of(&self, patient_id: &str) -> bool {
        self.patient_id.text().is_none_or(|shown| shown == patient_id)
    }
}

impl fmt::Debug for Invoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoice").field("id", &self.id).finish_non_exhaustive()
    }
}
