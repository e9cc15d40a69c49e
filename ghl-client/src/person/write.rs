//! Contacts as they are written.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;
use sync_http::{Change, text_clears};

use crate::custom_field::CustomFieldWrite;

/// A contact to be. What is `None` is not sent. Its debug output shows nothing of it.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewContact {
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number; send E.164, since it is not documented which country GHL assumes otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// `male`, `female`, …; it can be set at creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Street and house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<String>,
    /// Town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or canton.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, as two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Where the contact comes from. Workflows can exclude contacts by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The user it is assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<String>,
    /// Date of birth. It is sent as `YYYY-MM-DD`; GHL takes day-first dates for month-first ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<NaiveDate>,
    /// Do not disturb, on all channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd: Option<bool>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Values of custom fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<CustomFieldWrite>,
}

/// What an update changes; the rest is not sent and stays. There is no location and no gender, since an update that
/// names them is refused, and there are no tags, since an update would overwrite them all: see
/// [`Client::add_tags`](crate::Client::add_tags). Its debug output shows nothing of it.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactPatch {
    /// First name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub first_name: Change<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub last_name: Change<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub email: Change<String>,
    /// Phone number, in E.164.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub phone: Change<String>,
    /// Street and house number.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub address1: Change<String>,
    /// Town.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub city: Change<String>,
    /// State or canton.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub state: Change<String>,
    /// Postal code. The schema does not let it be null, so an empty text clears it.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub postal_code: Change<String>,
    /// Country, as two letters. The schema does not let it be null, so an empty text clears it.
    #[serde(skip_serializing_if = "Change::is_keep", serialize_with = "text_clears")]
    pub country: Change<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub website: Change<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub timezone: Change<String>,
    /// Where the contact comes from.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub source: Change<String>,
    /// The user it is assigned to.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub assigned_to: Change<String>,
    /// Date of birth.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub date_of_birth: Change<NaiveDate>,
    /// Do not disturb, on all channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd: Option<bool>,
    /// Values of custom fields; those not named stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<CustomFieldWrite>,
}

impl ContactPatch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Debug for NewContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewContact").finish_non_exhaustive()
    }
}

impl fmt::Debug for ContactPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactPatch").finish_non_exhaustive()
    }
}
