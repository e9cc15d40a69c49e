//! The search for contacts, page by page.

use std::fmt;

use bytes::Bytes;
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sync_http::{Answer, Error, ErrorKind, Idempotency, Page, Request, Result, pages};

use crate::Client;

const ENDPOINT: &str = "contacts.search";
/// The largest page that GHL gives.
const PAGE_LIMIT: u32 = 500;

/// What to search for. GHL's search lags: a change takes some seconds to show, so it must not be used to find out
/// whether something was just created.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactSearch {
    /// Conditions that all have to hold.
    pub filters: Vec<Filter>,
    /// Names of fields to sort by. Without any, GHL chooses.
    pub sort: Vec<(String, Direction)>,
    /// Contacts on a page, at most 500.
    pub page_limit: u32,
    /// Where to go on.
    pub after: Option<Cursor>,
}

impl Default for ContactSearch {
    /// All contacts, on pages as large as GHL allows.
    fn default() -> Self {
        Self { filters: Vec::new(), sort: Vec::new(), page_limit: PAGE_LIMIT, after: None }
    }
}

impl ContactSearch {
    /// The contacts for which this holds.
    #[must_use]
    pub fn by(filter: Filter) -> Self {
        Self { filters: vec![filter], ..Self::default() }
    }
}

/// The order of a sort field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A condition. Texts of more than 75 characters are refused by GHL. Its debug output shows no values.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Filter {
    /// A condition on one field.
    Field {
        /// The field's name in searches.
        field: String,
        /// `eq`, `contains`, `exists`, …
        operator: &'static str,
        /// What to compare with.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    },
    /// Several conditions.
    Group {
        /// `AND` or `OR`.
        group: &'static str,
        /// The conditions.
        filters: Vec<Self>,
    },
}

impl Filter {
    /// The field equals the value.
    #[must_use]
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Field { field: field.into(), operator: "eq", value: Some(value.into()) }
    }

    /// The custom field with this id equals the value.
    #[must_use]
    pub fn custom_field(id: &str, value: impl Into<Value>) -> Self {
        Self::eq(format!("customFields.{id}"), value)
    }

    /// The field contains the text.
    #[must_use]
    pub fn contains(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Field { field: field.into(), operator: "contains", value: Some(Value::String(text.into())) }
    }

    /// The field has a value.
    #[must_use]
    pub fn exists(field: impl Into<String>) -> Self {
        Self::Field { field: field.into(), operator: "exists", value: None }
    }

    /// The field is at least this.
    #[must_use]
    pub fn at_least(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Field { field: field.into(), operator: "range", value: Some(serde_json::json!({ "gte": value.into() })) }
    }

    /// One of the conditions holds.
    #[must_use]
    pub fn any(filters: Vec<Self>) -> Self {
        Self::Group { group: "OR", filters }
    }

    /// All of the conditions hold.
    #[must_use]
    pub fn all(filters: Vec<Self>) -> Self {
        Self::Group { group: "AND", filters }
    }
}

/// Where a search goes on: the vendor's own list of sort values, as JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor that was kept.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is no JSON array.
    pub fn from_json(json: impl Into<String>) -> Result<Self> {
        let json = json.into();
        let _: Vec<&RawValue> = sync_http::decode(ENDPOINT, json.as_bytes())?;
        Ok(Self(json))
    }

    /// The cursor, to keep.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// A page of contacts, each as the bytes that came: [`Contact::from_json`](crate::Contact::from_json) reads one.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactPage {
    /// The contacts.
    pub contacts: Vec<Bytes>,
    /// How many there are on all pages, as of this page.
    pub total: Option<u64>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    #[serde(borrow)]
    contacts: Vec<&'a RawValue>,
    total: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Positioned<'a> {
    #[serde(borrow)]
    search_after: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    location_id: &'a str,
    page_limit: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    filters: &'a [Filter],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sort: Vec<Sort<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_after: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Sort<'a> {
    field: &'a str,
    direction: &'static str,
}

impl Client {
    /// The pages of a search, to its end. A stream that ends without an error has seen every page; that nothing
    /// changed meanwhile shows in the totals.
    pub fn contacts(&self, search: ContactSearch) -> impl Stream<Item = Result<ContactPage>> + Send {
        let (client, start) = (self.clone(), search.after.clone());
        pages(ENDPOINT, start, move |after| {
            let (client, search) = (client.clone(), ContactSearch { after, ..search.clone() });
            async move {
                let page = client.contacts_page(&search).await?;
                let next = page.next.clone().map(Some);
                Ok(Page { items: page, next })
            }
        })
    }

    /// One page of a search.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn contacts_page(&self, search: &ContactSearch) -> Result<ContactPage> {
        let answer = self.send(&self.search_request(search)?).await?;
        read_page(&answer, search.page_limit)
    }

    pub(crate) fn search_request(&self, search: &ContactSearch) -> Result<Request> {
        let after = search.after.as_ref().map(|cursor| sync_http::decode(ENDPOINT, cursor.0.as_bytes()));
        let body = Body {
            location_id: self.location_id(),
            page_limit: search.page_limit,
            filters: &search.filters,
            sort: search.sort.iter().map(|(field, direction)| Sort { field, direction: direction.as_str() }).collect(),
            search_after: after.transpose()?,
        };
        // It is a POST only because its conditions need a body.
        let request = Request::post(ENDPOINT, "/contacts/search").idempotency(Idempotency::Safe);
        self.versions().contacts.on(request).json(&body)
    }
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

fn read_page(answer: &Answer, limit: u32) -> Result<ContactPage> {
    let found: Found<'_> = answer.json()?;
    let is_full = u32::try_from(found.contacts.len()).is_ok_and(|count| count >= limit);
    let next = match found.contacts.last() {
        // The next page may turn out to be empty.
        Some(last) if is_full => Some(position(last)?),
        _ => None,
    };
    let contacts = found.contacts.iter().map(|raw| answer.body().slice_ref(raw.get().as_bytes())).collect();
    Ok(ContactPage { contacts, total: found.total, next })
}

// Where a full page ends. Without that, the rest of the list would be lost without a word.
fn position(last: &RawValue) -> Result<Cursor> {
    let positioned: Positioned<'_> = sync_http::decode(ENDPOINT, last.get().as_bytes())?;
    let cursor = positioned.search_after.map(|cursor| Cursor(cursor.get().to_owned()));
    cursor.ok_or_else(|| Error::new(ErrorKind::Decode, ENDPOINT).with_message("a full page without a cursor"))
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { field, operator, value: _ } => write!(f, "{field} {operator} _"),
            Self::Group { group, filters } => write!(f, "{group}{filters:?}"),
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor")
    }
}

impl fmt::Debug for ContactPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactPage")
            .field("contacts", &self.contacts.len())
            .field("total", &self.total)
            .field("is_last", &self.next.is_none())
            .finish()
    }
}
