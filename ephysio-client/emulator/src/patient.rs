//! A patient as the practice keeps it.

use chrono::NaiveDate;
use serde_json::{Map, Value};

/// The sex of a patient; the only two that the write format is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Written `m`.
    Male,
    /// Written `f`.
    Female,
}

/// A patient as the practice keeps it. An empty text means that it was left blank.
#[derive(Clone, Debug, PartialEq)]
pub struct Patient {
    /// The id: 6 to 8 digits, never given twice. In [`Practice::requests`](crate::Practice::requests)
    /// the id of the request.
    pub id: u64,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Salutation, `Frau` or `Herr`.
    pub salutation: String,
    /// Street and house number.
    pub street: String,
    /// Postal code.
    pub zip: String,
    /// Town.
    pub city: String,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Phone, in whatever form it was typed.
    pub phone: String,
    /// E-mail address.
    pub email: String,
    /// 1 is active, all else is not.
    pub status: i64,
    /// Whether the patient agreed to be written to by e-mail.
    pub has_email_consent: bool,
    /// A remark that staff can read.
    pub comment: String,
    /// The `id` that the create sent.
    pub client_id: Option<String>,
    /// Shown in the list as `language`; no client is known to read it.
    pub language: String,
    /// Shown in the list as `insurer.name`; no client is known to read it.
    pub insurer: String,
    /// Milliseconds of the last change, shown in the list as `updatedInternally`. It moves without
    /// a visible change too ([`Practice::touch`](crate::Practice::touch)), so it is no change cursor.
    pub updated_internally: i64,
    /// Further members that the list shows as they are.
    pub extra: Map<String, Value>,
}

impl Patient {
    /// The status of an active patient.
    pub const ACTIVE: i64 = 1;

    /// Whether the patient is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == Self::ACTIVE
    }

    /// Blanks what an update can write, `status` excepted.
    pub(crate) fn blank(&mut self) {
        let kept = NewPatient {
            status: self.status,
            client_id: self.client_id.take(),
            language: std::mem::take(&mut self.language),
            insurer: std::mem::take(&mut self.insurer),
            extra: std::mem::take(&mut self.extra),
            ..NewPatient::default()
        };
        *self = Self { id: self.id, updated_internally: self.updated_internally, ..kept.into() };
    }
}

/// What is left of a text that was deciphered with the wrong key: bytes that are no letters.
pub(crate) fn noise(text: &str) -> String {
    let bytes: Vec<u8> = text.bytes().map(|byte| byte ^ 0xb5).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A patient to be. Build it with `..NewPatient::default()`: all blank, active, no consent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPatient {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Salutation.
    pub salutation: String,
    /// Street and house number.
    pub street: String,
    /// Postal code.
    pub zip: String,
    /// Town.
    pub city: String,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Phone.
    pub phone: String,
    /// E-mail address.
    pub email: String,
    /// 1 is active, all else is not.
    pub status: i64,
    /// Whether the patient agreed to be written to by e-mail.
    pub has_email_consent: bool,
    /// A remark that staff can read.
    pub comment: String,
    /// The `id` that a create would have sent; staff have none.
    pub client_id: Option<String>,
    /// Language.
    pub language: String,
    /// Name of the insurer.
    pub insurer: String,
    /// Further members that the list shows as they are.
    pub extra: Map<String, Value>,
}

impl NewPatient {
    /// A patient of whom only the name is known.
    #[must_use]
    pub fn named(first_name: &str, last_name: &str) -> Self {
        Self { first_name: first_name.to_owned(), last_name: last_name.to_owned(), ..Self::default() }
    }
}

impl Default for NewPatient {
    fn default() -> Self {
        Self {
            first_name: String::new(),
            last_name: String::new(),
            salutation: String::new(),
            street: String::new(),
            zip: String::new(),
            city: String::new(),
            birth_date: None,
            sex: None,
            phone: String::new(),
            email: String::new(),
            status: Patient::ACTIVE,
            has_email_consent: false,
            comment: String::new(),
            client_id: None,
            language: "de".to_owned(),
            insurer: String::new(),
            extra: Map::new(),
        }
    }
}

impl From<NewPatient> for Patient {
    /// The patient with no id yet.
    fn from(new: NewPatient) -> Self {
        Self {
            id: 0,
            first_name: new.first_name,
            last_name: new.last_name,
            salutation: new.salutation,
            street: new.street,
            zip: new.zip,
            city: new.city,
            birth_date: new.birth_date,
            sex: new.sex,
            phone: new.phone,
            email: new.email,
            status: new.status,
            has_email_consent: new.has_email_consent,
            comment: new.comment,
            client_id: new.client_id,
            language: new.language,
            insurer: new.insurer,
            updated_internally: 0,
            extra: new.extra,
        }
    }
}
