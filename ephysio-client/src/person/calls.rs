//! Calls about patients.

use serde::Deserialize;
use serde_json::{Map, Value};
use sync_http::{Elements, Error, ErrorKind, Request, Result, Shown, shown};

use super::{NewPatient, PatientPatch, PatientStatus, full_body};
use crate::Client;
use crate::operation::{BodyForm, Performed, Values};

pub(super) const LIST: &str = "patients.list";
pub(super) const UPDATE: &str = "patients.update";

/// What became of a creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// The id that was answered. It may be that of a request which staff have to approve: whether it is a patient
    /// shows in the list. `None` if the answer names none; then only the list can tell.
    pub id: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(default, deserialize_with = "shown::text")]
    id: Shown<String>,
}

impl Client {
    /// The list of patients, as it arrives: [`Patient::from_json`](super::Patient::from_json) reads an element. There are no pages
    /// and there is no filter by change; without a status the outcome is not documented.
    ///
    /// # Errors
    /// When there is no list. A list that breaks off ends with an error.
    pub async fn patients(&self, status: Option<PatientStatus>) -> Result<Elements> {
        self.stream(&Self::patients_request(status)).await
    }

    /// Creates a patient, or asks staff to: which of the two is not documented. After an error with the verdict
    /// [`Unknown`](sync_http::Verdict::Unknown) look for it in the list before you try again.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn create_patient(&self, patient: &NewPatient) -> Result<Created> {
        let answer = self.send(&Self::create_request(patient)?).await?;
        if answer.body().iter().all(u8::is_ascii_whitespace) {
            return Ok(Created::default());
        }
        let answered: Answered = answer.json()?;
        Ok(Created { id: answered.id.value().cloned() })
    }

    /// Updates a patient in the way that [`Operations::update_patient`](crate::Operations::update_patient) describes. `listed` is the
    /// patient as the list last showed it; an operation with a full body needs it.
    ///
    /// # Errors
    /// [`ErrorKind::Disabled`] while the operation is; else those of the call.
    pub async fn update_patient(&self, id: &str, patch: &PatientPatch, listed: Option<&[u8]>) -> Result<Performed> {
        let operation = &self.operations().update_patient;
        let body = match operation.body() {
            BodyForm::None => Map::new(),
            BodyForm::Patch => members(patch)?,
            BodyForm::Full => {
                let listed = listed.ok_or_else(|| unusable("a full body needs the patient as listed"))?;
                full_body(sync_http::decode(UPDATE, listed)?, members(patch)?, self.sex_true())?
            }
        };
        self.perform(UPDATE, operation, Values { id, patient_id: id }, body).await
    }

    fn patients_request(status: Option<PatientStatus>) -> Request {
        let request = Request::get(LIST, "/patients");
        match status {
            Some(status) => request.query("status", status.0.to_string()),
            None => request,
        }
    }

    fn create_request(patient: &NewPatient) -> Result<Request> {
        Request::post("patients.create", "/patients/request").json(&patient.active())
    }
}

fn members(patch: &PatientPatch) -> Result<Map<String, Value>> {
    match serde_json::to_value(patch) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(unusable("the patch has no JSON form")),
    }
}

fn unusable(why: &str) -> Error {
    Error::new(ErrorKind::Configuration, UPDATE).with_message(why)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde_json::json;
    use sync_http::{Change, Idempotency};

    use super::*;
    use crate::{BASE_URL, Sex};

    #[test]
    fn a_list_asks_for_a_status() {
        let base = BASE_URL.parse().unwrap();
        let url = Client::patients_request(Some(PatientStatus::ACTIVE)).url(&base).unwrap();
        assert_eq!(url, "https://ehealth.pharmedsolutions.ch/api/1.0/patients?status=1");
    }

    #[test]
    fn a_creation_is_written_in_the_write_form() {
        let patient = NewPatient {
            client_id: None,
            first_name: "Anna".into(),
            last_name: "Muster".into(),
            street: "Weg 1".into(),
            zip: "3000".into(),
            city: "Bern".into(),
            birth_date: NaiveDate::from_ymd_opt(1990, 9, 5).unwrap(),
            sex: Sex::Female,
            phone: Some("+41791234567".into()),
            email: None,
            has_email_consent: false,
            comment: Some("ref abc".into()),
        };
        let request = Client::create_request(&patient).unwrap();
        assert_eq!((request.path(), request.repeats()), ("/patients/request", Idempotency::Once));
        let body: Value = serde_json::from_slice(request.body_bytes()).unwrap();
        let expected = json!({
            "firstName": "Anna", "lastName": "Muster", "street": "Weg 1", "zip": "3000", "city": "Bern",
            "birthDate": "1990-09-05", "sex": "f", "phone": "+41791234567", "email": null,
            "hasEmailConsent": false, "comment": "ref abc", "status": 1,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_full_body_is_the_listed_patient_in_the_write_form_with_the_changes() {
        let listed = json!({ "id": 7, "zip": 3000, "city": "Bern", "birthDate": "05.09.1990", "sex": false, "insurer": { "name": "x" } });
        let patch = PatientPatch { city: Change::Set("Thun".into()), email: Change::Clear, ..PatientPatch::default() };
        let listed = listed.as_object().unwrap();
        let body = full_body(listed.clone(), members(&patch).unwrap(), Some(Sex::Male)).unwrap();
        let expected = json!({ "id": 7, "zip": "3000", "city": "Thun", "birthDate": "1990-09-05", "sex": "f", "insurer": { "name": "x" }, "email": null });
        assert_eq!(Value::Object(body), expected);
        assert!(full_body(listed.clone(), Map::new(), None).is_err(), "the sex is not guessed");
    }
}
