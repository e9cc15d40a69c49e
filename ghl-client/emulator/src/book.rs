//! The contacts with their identifiers indexed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::contact::{Contact, Text};

/// An identifier that GHL matches contacts by, in its order of priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identifier {
    Email,
    Phone,
}

impl Identifier {
    pub(crate) const BY_PRIORITY: [Self; 2] = [Self::Email, Self::Phone];

    pub(crate) fn text(self) -> Text {
        match self {
            Self::Email => Text::Email,
            Self::Phone => Text::Phone,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.text().property()
    }

    fn of(self, contact: &Contact) -> Option<&str> {
        contact.text(self.text())
    }
}

/// All contacts by id.
#[derive(Debug, Default)]
pub(crate) struct Book {
    contacts: BTreeMap<String, Arc<Contact>>,
    owners: BTreeMap<(Identifier, String), BTreeSet<String>>,
}

impl Book {
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Contact>> {
        self.contacts.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Contact>> {
        self.contacts.values()
    }

    pub(crate) fn put(&mut self, contact: Arc<Contact>) {
        self.remove(&contact.id);
        for identifier in Identifier::BY_PRIORITY {
            if let Some(value) = identifier.of(&contact) {
                let owners = self.owners.entry((identifier, value.to_owned()));
                owners.or_default().insert(contact.id.clone());
            }
        }
        self.contacts.insert(contact.id.clone(), contact);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<Contact>> {
        let contact = self.contacts.remove(id)?;
        for identifier in Identifier::BY_PRIORITY {
            let Some(value) = identifier.of(&contact) else {
                continue;
            };
            let key = (identifier, value.to_owned());
            if let Some(owners) = self.owners.get_mut(&key) {
                owners.remove(id);
                if owners.is_empty() {
                    self.owners.remove(&key);
                }
            }
        }
        Some(contact)
    }

    /// The contact that has this identifier, other than `except`; the oldest if there are several.
    pub(crate) fn owner(&self, identifier: Identifier, value: &str, except: Option<&str>) -> Option<&Arc<Contact>> {
        let owners = self.owners.get(&(identifier, value.to_owned()))?;
        owners
            .iter()
            .filter(|id| Some(id.as_str()) != except)
            .filter_map(|id| self.contacts.get(id))
            .min_by_key(|contact| (contact.date_added, &contact.id))
    }
}
