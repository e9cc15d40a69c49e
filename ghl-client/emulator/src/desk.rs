//! What people at the clinic do in the user interface.

mod appointments;
mod apps;

use serde_json::{Map, Value, json};

use crate::body::Write;
use crate::contact::{Contact, Patch};
use crate::emulator::Shared;
use crate::hooks::{ChangeKind, Origin};
use crate::state::State;
use crate::view::Version;

pub use appointments::NewAppointment;

/// The clinic's side of the location: it acts on the state directly, without a request.
///
/// It is trusted. Values that GHL would refuse are skipped, and duplicates are let in, since
/// imports and other integrations bring them in as well.
#[derive(Clone, Copy, Debug)]
pub struct FrontDesk<'a> {
    shared: &'a Shared,
}

/// A new contact, for those who would rather not write JSON.
#[derive(Clone, Debug, Default)]
pub struct NewContact {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number, as typed.
    pub phone: Option<String>,
    /// Date of birth in one of GHL's formats, such as `1990-09-25`.
    pub date_of_birth: Option<String>,
    /// Where the contact comes from.
    pub source: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

impl From<NewContact> for Value {
    fn from(new: NewContact) -> Self {
        json!({
            "firstName": new.first_name,
            "lastName": new.last_name,
            "email": new.email,
            "phone": new.phone,
            "dateOfBirth": new.date_of_birth,
            "source": new.source,
            "tags": new.tags,
        })
    }
}

impl<'a> FrontDesk<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// Creates a contact from the API's properties and returns its id.
    pub fn create(&self, contact: impl Into<Value>) -> String {
        let contact = contact.into();
        self.shared.with(|state| {
            let patch = read(state, &contact);
            state.create(&patch, Origin::FrontDesk).id.clone()
        })
    }

    /// Changes the named properties, and clears those that are null; false for an unknown id.
    pub fn update(&self, id: &str, patch: impl Into<Value>) -> bool {
        let patch = patch.into();
        self.shared.with(|state| {
            let patch = read(state, &patch);
            let change = |contact: &mut Contact| contact.apply(&patch);
            state.change(id, ChangeKind::Updated, Origin::FrontDesk, change).is_some()
        })
    }

    /// Deletes a contact; false for an unknown id.
    pub fn delete(&self, id: &str) -> bool {
        self.shared.with(|state| state.delete(id, Origin::FrontDesk).is_some())
    }

    /// Merges two contacts: the winner gains what it lacked, and the loser's id is unknown from
    /// now on. False if either is unknown.
    pub fn merge(&self, winner: &str, loser: &str) -> bool {
        self.shared.with(|state| state.merge(winner, loser, Origin::FrontDesk))
    }

    /// Adds a tag; false for an unknown id.
    pub fn add_tag(&self, id: &str, tag: &str) -> bool {
        self.tag(id, |contact| contact.add_tags(&[tag.to_owned()]))
    }

    /// Removes a tag; false for an unknown id.
    pub fn remove_tag(&self, id: &str, tag: &str) -> bool {
        self.tag(id, |contact| contact.tags.retain(|present| present != tag))
    }

    /// All contacts, ordered by id.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.shared.with(|state| state.book.all().map(|contact| Contact::clone(contact)).collect())
    }

    /// One contact.
    #[must_use]
    pub fn contact(&self, id: &str) -> Option<Contact> {
        self.shared.with(|state| state.book.get(id).map(|contact| Contact::clone(contact)))
    }

    /// Defines a custom field of contacts, such as `("ephysio_patient_id", "TEXT")`, and returns
    /// its id; that of the present one, if its key exists.
    pub fn define_custom_field(&self, name: &str, data_type: &str) -> String {
        self.shared.with(|state| {
            let key = crate::fields::key_of_name("contact", name);
            let known = state.fields.by_key("contact", &key).map(|field| field.id.clone());
            known.unwrap_or_else(|| state.define(name, data_type, "contact", ""))
        })
    }

    fn tag(&self, id: &str, change: impl FnOnce(&mut Contact)) -> bool {
        self.shared.with(|state| state.change(id, ChangeKind::Tagged, Origin::FrontDesk, change).is_some())
    }
}

fn read(state: &State, properties: &Value) -> Patch {
    let empty = Map::new();
    let properties = properties.as_object().unwrap_or(&empty);
    state.reading(Write::FrontDesk, Version::Dated).read(properties).0
}
