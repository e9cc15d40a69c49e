//! Calls about invoices.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sync_http::{Answer, Error, ErrorKind, Request, Result};

use super::{Invoice, InvoiceTemplate};
use crate::clock::{PracticeClock, iso};
use crate::{Client, answered};

const FIND: &str = "invoices.find";
const CREATE: &str = "invoices.create";

/// What became of a creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreatedInvoice {
    /// The id that was answered. `None` if the answer names none; then only [`Client::open_invoices`] can tell.
    pub id: Option<String>,
}

impl Client {
    /// The open invoices of a patient, as of the day of an appointment at `at`. e-Physio is asked for open ones and is known to
    /// answer others too; those are left out, and so is whatever says that it is another patient's. There may be several.
    ///
    /// # Errors
    /// Those of the call. If nothing open could be read but something could not be read at all, that is an error and not
    /// an empty answer: it may have been the open one.
    pub async fn open_invoices(&self, patient_id: &str, at: DateTime<Utc>) -> Result<Vec<Invoice>> {
        let answer = self.send(&Self::open_invoices_request(patient_id, at, self.practice_clock())).await?;
        open_ones(&answer, patient_id)
    }

    /// Creates an open invoice for an appointment at `at`, as [`Config::invoice`](crate::Config::invoice) says. After an error
    /// with the verdict [`Unknown`](sync_http::Verdict::Unknown) look for it before you try again.
    ///
    /// # Errors
    /// [`ErrorKind::Disabled`] while there is no template, [`ErrorKind::Configuration`] if it allows more than the law; else those of
    /// the call.
    pub async fn create_invoice(&self, patient_id: i64, at: DateTime<Utc>) -> Result<CreatedInvoice> {
        let Some(template) = self.invoice_template() else {
            return Err(Error::new(ErrorKind::Disabled, CREATE).with_message("what invoices say is not configured, and is not made up"));
        };
        if let Some(fault) = template.fault() {
            return Err(Error::new(ErrorKind::Configuration, CREATE).with_message(fault));
        }
        let answer = self.send(&create_request(patient_id, template, self.practice_clock().day_start(at))?).await?;
        let members = answered::members(&answer)?;
        Ok(CreatedInvoice { id: answered::id(members.get("id")).or_else(|| answered::id(members.get("invoice"))) })
    }

    // The user interface sends the midnight at which the day begins where it runs.
    fn open_invoices_request(patient_id: &str, at: DateTime<Utc>, clock: PracticeClock) -> Request {
        let date = clock.day_start(at).timestamp_millis().to_string();
        Request::get(FIND, "/invoices/patients").segment(patient_id).query("open", "true").query("date", date)
    }
}

/// The answer is an array, or a single invoice, or nothing.
fn open_ones(answer: &Answer, patient_id: &str) -> Result<Vec<Invoice>> {
    if answer.body().iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let unreadable = || Error::new(ErrorKind::Decode, FIND).with_status(answer.status()).with_message("an invoice cannot be read");
    let elements = match answer.json()? {
        Value::Array(elements) => elements,
        Value::Null => Vec::new(),
        Value::Object(members) if members.is_empty() => Vec::new(),
        object @ Value::Object(_) => vec![object],
        _ => return Err(unreadable()),
    };
    let read: Vec<_> = elements.into_iter().map(Invoice::deserialize).collect();
    let is_whole = read.iter().all(std::result::Result::is_ok);
    let open: Vec<Invoice> = read.into_iter().flatten().filter(|invoice| invoice.is_open() && invoice.may_be_of(patient_id)).collect();
    if open.is_empty() && !is_whole { Err(unreadable()) } else { Ok(open) }
}

fn create_request(patient_id: i64, template: &InvoiceTemplate, date: DateTime<Utc>) -> Result<Request> {
    let body = json!({
        "user_id": 0,
        "patientId": patient_id,
        "dateDate": iso(date),
        "adminInfoId": template.admin_info_id,
        "attributes": {
            "date": date.timestamp_millis(),
            "law": template.law,
            "treatmentCause": template.treatment_cause,
            "isTiersPayant": template.tiers_payant,
            "vat": template.vat,
        },
        "prescription": { "sessions": template.sessions, "firstSession": template.first_session },
        "stati": { "status": 0, "statusDetail": 0 },
    });
    Request::post(CREATE, "/invoices").json(&body)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Zurich;
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{BASE_URL, ClockFields};

    const OPEN: &str = r#"{"id":1,"stati":{"status":0,"statusDetail":0}}"#;

    fn open(body: &'static str) -> Result<Vec<String>> {
        let answer = Answer::new(&Request::get(FIND, "/x"), StatusCode::OK, HeaderMap::new(), body.into());
        Ok(open_ones(&answer, "7")?.into_iter().map(|invoice| invoice.id).collect())
    }

    #[test]
    fn an_answer_is_a_list_one_invoice_or_nothing() {
        let none: [String; 0] = [];
        assert_eq!(open(OPEN).unwrap(), ["1"]);
        assert_eq!(open(r#"[{"id":"2","stati":{"status":"0","statusDetail":0},"law":"kvg"}]"#).unwrap(), ["2"]);
        for nothing in ["", " \n", "null", "[]", "{}"] {
            assert_eq!(open(nothing).unwrap(), none, "{nothing:?}");
        }
    }

    #[test]
    fn what_is_not_plainly_open_and_of_this_patient_is_left_out() {
        let none: [String; 0] = [];
        for other in [
            r#"[{"id":1,"stati":{"status":1,"statusDetail":0}}]"#,
            r#"[{"id":1,"stati":{"status":0,"statusDetail":2}}]"#,
            r#"[{"id":1,"stati":{"status":0}}]"#,
            r#"[{"id":1,"stati":{"status":null,"statusDetail":null}}]"#,
            r#"[{"id":1}]"#,
            r#"[{"id":1,"patientId":8,"stati":{"status":0,"statusDetail":0}}]"#,
        ] {
            assert_eq!(open(other).unwrap(), none, "{other}");
        }
        assert_eq!(open(r#"[{"id":1,"patientId":7,"stati":{"status":0,"statusDetail":0}}]"#).unwrap(), ["1"]);
    }

    #[test]
    fn an_unreadable_invoice_does_not_look_like_none() {
        for broken in [r#"[{"stati":{"status":0,"statusDetail":0}}]"#, r#"[7]"#, r#"{"message":"busy"}"#, r#""none""#, "true"] {
            assert_eq!(open(broken).unwrap_err().kind(), ErrorKind::Decode, "{broken}");
        }
        assert_eq!(open(r#"[7,{"id":1,"stati":{"status":0,"statusDetail":0}}]"#).unwrap(), ["1"]);
    }

    #[test]
    fn the_date_is_the_midnight_of_the_practice() {
        let clock = PracticeClock::new(Zurich, ClockFields::Zone);
        let request = Client::open_invoices_request("7", "2026-07-01T22:30:00Z".parse().unwrap(), clock);
        let url = request.url(&BASE_URL.parse().unwrap()).unwrap();
        assert_eq!(url, "https://ehealth.pharmedsolutions.ch/api/1.0/invoices/patients/7?open=true&date=1782943200000");
        assert_eq!(DateTime::from_timestamp_millis(1_782_943_200_000).unwrap(), "2026-07-01T22:00:00Z".parse::<DateTime<Utc>>().unwrap());
    }
}
