//! Calls about one contact.

use std::fmt;

use serde::{Deserialize, Serialize};
use sync_http::{Idempotency, Request, Result};

use super::{Contact, ContactPatch, NewContact};
use crate::Client;
use crate::success::confirm;

/// What became of a creation.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// It exists now.
    New(Box<Contact>),
    /// It was not created, because a contact with the same identifier exists and the location allows no duplicates. That
    /// may be another person: families share addresses.
    Exists {
        /// The id of the contact that exists.
        id: String,
        /// `email` or `phone`, where GHL says so.
        matching_field: Option<String>,
    },
}

/// What became of an upsert.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Upserted {
    /// Whether the contact was created.
    #[serde(default)]
    pub new: bool,
    /// The contact.
    pub contact: Contact,
}

/// What to look up a duplicate by. Its debug output shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number, in E.164.
    pub phone: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Located<'a> {
    #[serde(flatten)]
    contact: &'a NewContact,
    location_id: &'a str,
}

#[derive(Deserialize)]
struct One {
    contact: Contact,
}

#[derive(Deserialize)]
struct Maybe {
    contact: Option<Contact>,
}

#[derive(Serialize, Deserialize)]
struct Tags {
    tags: Vec<String>,
}

impl Client {
    /// Creates a contact. GHL knows no idempotency keys: after an error with the verdict
    /// [`Unknown`](sync_http::Verdict::Unknown) look for it before you try again.
    ///
    /// # Errors
    /// Those of the call. A duplicate is no error, unless GHL does not say of whom.
    pub async fn create_contact(&self, contact: &NewContact) -> Result<Created> {
        let error = match self.send(&self.create_request(contact)?).await {
            Ok(answer) => return Ok(Created::New(Box::new(answer.json::<One>()?.contact))),
            Err(error) => error,
        };
        match error.existing() {
            Some(existing) => Ok(Created::Exists { id: existing.id.clone(), matching_field: existing.field.clone() }),
            None => Err(error),
        }
    }

    /// Updates the contact that has the e-mail address, else the one with the phone number, or creates one. If they
    /// belong to two contacts, GHL drops one of the values without a word.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn upsert_contact(&self, contact: &NewContact) -> Result<Upserted> {
        self.send(&self.upsert_request(contact)?).await?.json()
    }

    /// Reads a contact.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub async fn contact(&self, id: &str) -> Result<Contact> {
        Ok(self.send(&self.get_request(id)).await?.json::<One>()?.contact)
    }

    /// Updates a contact: what the patch names, and nothing else. The answer is the contact, where GHL shows it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is none, [`Conflict`](crate::ErrorKind::Conflict) when another contact
    /// has the identifier.
    pub async fn update_contact(&self, id: &str, patch: &ContactPatch) -> Result<Option<Contact>> {
        let answer = self.send(&self.update_request(id, patch)?).await?;
        confirm(&answer)?;
        Ok(answer.json::<Maybe>()?.contact)
    }

    /// Deletes a contact.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is none, also if this call was repeated and had its effect the first
    /// time.
    pub async fn delete_contact(&self, id: &str) -> Result<()> {
        confirm(&self.send(&self.delete_request(id)).await?)
    }

    /// Looks up the contact that would stand in the way of a creation. Unlike the search this does not lag. Which
    /// identifier counts depends on the location's settings.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn duplicate(&self, probe: &Probe) -> Result<Option<Contact>> {
        Ok(self.send(&self.duplicate_request(probe)).await?.json::<Maybe>()?.contact)
    }

    /// Adds tags and leaves the others. The answer is GHL's list of tags.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is no such contact.
    pub async fn add_tags(&self, id: &str, tags: &[String]) -> Result<Vec<String>> {
        let request = Request::post("contacts.tags.add", "/contacts").segment(id).segment("tags");
        Ok(self.send(&self.tags_request(request, tags)?).await?.json::<Tags>()?.tags)
    }

    /// Removes tags and leaves the others. The answer is GHL's list of tags.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is no such contact.
    pub async fn remove_tags(&self, id: &str, tags: &[String]) -> Result<Vec<String>> {
        let request = Request::delete("contacts.tags.remove", "/contacts").segment(id).segment("tags");
        Ok(self.send(&self.tags_request(request, tags)?).await?.json::<Tags>()?.tags)
    }

    pub(crate) fn create_request(&self, contact: &NewContact) -> Result<Request> {
        // The slash at the end belongs to the path.
        self.on_contacts(Request::post("contacts.create", "/contacts/")).json(&self.located(contact))
    }

    pub(crate) fn upsert_request(&self, contact: &NewContact) -> Result<Request> {
        self.on_contacts(Request::post("contacts.upsert", "/contacts/upsert")).json(&self.located(contact))
    }

    pub(crate) fn get_request(&self, id: &str) -> Request {
        self.on_contacts(Request::get("contacts.get", "/contacts").segment(id))
    }

    pub(crate) fn update_request(&self, id: &str, patch: &ContactPatch) -> Result<Request> {
        self.on_contacts(Request::put("contacts.update", "/contacts").segment(id)).json(patch)
    }

    pub(crate) fn delete_request(&self, id: &str) -> Request {
        let request = Request::delete("contacts.delete", "/contacts").segment(id);
        self.on_contacts(request.idempotency(Idempotency::Idempotent))
    }

    pub(crate) fn duplicate_request(&self, probe: &Probe) -> Request {
        let mut request = Request::get("contacts.duplicate", "/contacts/search/duplicate");
        request = request.query("locationId", self.location_id());
        if let Some(email) = &probe.email {
            request = request.query("email", email);
        }
        if let Some(phone) = &probe.phone {
            request = request.query("number", phone);
        }
        self.on_contacts(request)
    }

    fn tags_request(&self, request: Request, tags: &[String]) -> Result<Request> {
        let request = self.on_contacts(request.idempotency(Idempotency::Idempotent));
        request.json(&Tags { tags: tags.to_vec() })
    }

    fn on_contacts(&self, request: Request) -> Request {
        self.versions().contacts.on(request)
    }

    fn located<'a>(&'a self, contact: &'a NewContact) -> Located<'a> {
        Located { contact, location_id: self.location_id() }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sync_http::{BaseUrl, Change};

    use super::*;
    use crate::shape::{client, shape};
    use crate::{Config, ContactSearch, CustomFieldWrite, Filter, NewCustomField, Version};

    #[test]
    fn a_creation_names_location_and_what_is_known() {
        let contact = NewContact {
            first_name: Some("Anna".into()),
            date_of_birth: chrono::NaiveDate::from_ymd_opt(1990, 9, 5),
            custom_fields: vec![CustomFieldWrite { id: "f1".into(), value: "tok".into() }],
            ..NewContact::default()
        };
        let request = client().create_request(&contact).unwrap();
        assert_eq!(request.repeats(), Idempotency::Once);
        let (line, body) = shape(&request);
        assert_eq!(line, "POST /contacts/ 2021-07-28");
        let fields = json!([{ "id": "f1", "field_value": "tok" }]);
        let expected = json!({ "firstName": "Anna", "dateOfBirth": "1990-09-05", "locationId": "loc1", "customFields": fields });
        assert_eq!(body, expected);
    }

    #[test]
    fn an_update_names_exactly_the_changes() {
        let patch =
            ContactPatch { email: Change::Clear, postal_code: Change::Clear, city: Change::Set("Bern".into()), ..ContactPatch::default() };
        let request = client().update_request("a/b", &patch).unwrap();
        assert_eq!(request.repeats(), Idempotency::Once);
        let (line, body) = shape(&request);
        assert_eq!(line, "PUT /contacts/a%2Fb 2021-07-28");
        assert_eq!(body, json!({ "email": null, "postalCode": "", "city": "Bern" }));
        assert!(ContactPatch::default().is_empty() && !patch.is_empty());
    }

    #[test]
    fn addresses_and_numbers_are_encoded_in_queries() {
        let probe = Probe { email: Some("a+b@x.ch".into()), phone: Some("+41790000000".into()) };
        let (line, _) = shape(&client().duplicate_request(&probe));
        let query = "locationId=loc1&email=a%2Bb%40x.ch&number=%2B41790000000";
        assert_eq!(line, format!("GET /contacts/search/duplicate?{query} 2021-07-28"));
    }

    #[test]
    fn a_search_names_what_it_needs() {
        let token = Filter::custom_field("f1", "tok");
        let search = ContactSearch {
            sort: vec![("dateAdded".into(), crate::Direction::Ascending)],
            after: Some(crate::Cursor::from_json(r#"[1700000000000,"c1"]"#).unwrap()),
            ..ContactSearch::by(Filter::any(vec![token, Filter::exists("email")]))
        };
        let request = client().search_request(&search).unwrap();
        assert_eq!(request.repeats(), Idempotency::Safe);
        let (line, body) = shape(&request);
        assert_eq!(line, "POST /contacts/search 2021-07-28");
        let conditions = json!([
            { "field": "customFields.f1", "operator": "eq", "value": "tok" },
            { "field": "email", "operator": "exists" },
        ]);
        let expected = json!({
            "locationId": "loc1",
            "pageLimit": 500,
            "filters": [{ "group": "OR", "filters": conditions }],
            "sort": [{ "field": "dateAdded", "direction": "asc" }],
            "searchAfter": [1_700_000_000_000_u64, "c1"],
        });
        assert_eq!(body, expected);
        assert!(!format!("{search:?}").contains("tok"));
    }

    #[test]
    fn an_empty_id_asks_for_nothing() {
        let base: BaseUrl = crate::BASE_URL.parse().unwrap();
        assert!(client().delete_request("").url(&base).is_err());
    }

    #[test]
    fn versions_can_be_chosen() {
        let mut config = Config::new("loc1", "pit-1").unwrap();
        config.versions.locations = Version::V3;
        let client = Client::new(config).unwrap();
        assert_eq!(shape(&client.custom_fields_request()).0, "GET /locations/loc1/customFields?model=contact v3");
        let field = NewCustomField { name: "Sync".into(), data_type: "TEXT".into(), placeholder: None };
        let (line, body) = shape(&client.create_custom_field_request(&field).unwrap());
        assert_eq!(line, "POST /locations/loc1/customFields v3");
        assert_eq!(body, json!({ "name": "Sync", "dataType": "TEXT", "model": "contact" }));
        assert_eq!(shape(&client.get_request("c1")).0, "GET /contacts/c1 2021-07-28");
    }
}
