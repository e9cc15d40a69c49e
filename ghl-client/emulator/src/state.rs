//! The location's state, and everything that changes it.

mod appointments;
mod apps;

use std::collections::BTreeSet;
use std::sync::Arc;

use emulator_kit::Clock;

use crate::agenda::Agenda;
use crate::body::{Reading, Write};
use crate::book::{Book, Identifier};
use crate::config::Config;
use crate::contact::{Contact, Patch};
use crate::emulator::Counters;
use crate::fields::{CustomField, CustomFields, key_of_name};
use crate::hooks::{Change, ChangeKind, ContactChange, Origin};
use crate::ids::Ids;
use crate::limiter::Limiter;
use crate::oauth::Grants;
use crate::search::Index;
use crate::view::Version;

/// Mixed into the seed, so that trace ids and record ids differ.
const TRACES: u64 = 0x7ace;
/// The same for tokens.
const TOKENS: u64 = 0x70ce;

/// Everything that one location holds.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) tokens: BTreeSet<String>,
    pub(crate) grants: Grants,
    pub(crate) limiter: Limiter,
    pub(crate) book: Book,
    pub(crate) agenda: Agenda,
    pub(crate) fields: CustomFields,
    pub(crate) index: Index,
    pub(crate) counters: Counters,
    pub(crate) traces: Ids,
    ids: Ids,
    changes: Vec<Change>,
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            tokens: BTreeSet::from([config.token.clone()]),
            grants: Grants::new(config.seed ^ TOKENS, config.token_lifetime, config.refresh_grace),
            limiter: Limiter::new(config.rate_limit),
            book: Book::default(),
            agenda: Agenda::default(),
            fields: CustomFields::default(),
            index: Index::new(config.search_lag),
            counters: Counters::default(),
            traces: Ids::new(config.seed ^ TRACES),
            ids: Ids::new(config.seed),
            changes: Vec::new(),
            config,
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.config.clock
    }

    pub(crate) fn reading(&self, write: Write, version: Version) -> Reading<'_> {
        Reading { write, version, fields: &self.fields, default_country_code: &self.config.default_country_code }
    }

    /// The changes since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn create(&mut self, patch: &Patch, origin: Origin) -> Arc<Contact> {
        let now = self.clock().now();
        let mut contact = Contact { id: self.ids.record(), date_added: now, ..Contact::default() };
        contact.apply(patch);
        let excluded = &self.config.workflow_excluded_sources;
        let quiet = contact.source.as_ref().is_some_and(|source| excluded.contains(source));
        if !quiet {
            self.counters.workflow_triggers += 1;
        }
        self.store(contact, ChangeKind::Created, origin, false)
    }

    /// Changes a contact; `None` if there is none with this id.
    pub(crate) fn change(&mut self, id: &str, kind: ChangeKind, origin: Origin, change: impl FnOnce(&mut Contact)) -> Option<Arc<Contact>> {
        let before = Arc::clone(self.book.get(id)?);
        let mut contact = Contact::clone(&before);
        change(&mut contact);
        let dnd_changed = (before.dnd, &before.dnd_settings) != (contact.dnd, &contact.dnd_settings);
        Some(self.store(contact, kind, origin, dnd_changed))
    }

    pub(crate) fn delete(&mut self, id: &str, origin: Origin) -> Option<Arc<Contact>> {
        let contact = self.book.remove(id)?;
        self.index.note(self.config.clock.now(), id, None);
        self.record(ChangeKind::Deleted, origin, &contact, false);
        self.delete_appointments_of(id, origin);
        Some(contact)
    }

    /// Merges `loser` into `winner`; false if either is unknown or they are the same.
    pub(crate) fn merge(&mut self, winner: &str, loser: &str, origin: Origin) -> bool {
        if winner == loser || self.book.get(winner).is_none() {
            return false;
        }
        self.pass_on_appointments(loser, winner, origin);
        let Some(lost) = self.delete(loser, origin) else {
            return false;
        };
        self.change(winner, ChangeKind::Updated, origin, |contact| {
            contact.absorb(&lost);
        });
        true
    }

    /// The first contact, by priority of the identifiers, that the patch would duplicate.
    pub(crate) fn duplicate(&self, patch: &Patch, except: Option<&str>) -> Option<(Identifier, &Arc<Contact>)> {
        Identifier::BY_PRIORITY.into_iter().find_map(|identifier| {
            let value = patch.text(identifier.text())?;
            Some((identifier, self.book.owner(identifier, value, except)?))
        })
    }

    /// Defines a custom field; its key follows from its name.
    pub(crate) fn define(&mut self, name: &str, data_type: &str, model: &str, placeholder: &str) -> String {
        let field = CustomField {
            id: self.ids.record(),
            name: name.to_owned(),
            key: key_of_name(model, name),
            data_type: data_type.to_owned(),
            placeholder: placeholder.to_owned(),
            model: model.to_owned(),
        };
        let id = field.id.clone();
        self.fields.add(field);
        id
    }

    fn store(&mut self, mut contact: Contact, kind: ChangeKind, origin: Origin, dnd_changed: bool) -> Arc<Contact> {
        let now = self.clock().now();
        contact.date_updated = now;
        let contact = Arc::new(contact);
        self.book.put(Arc::clone(&contact));
        self.index.note(now, &contact.id, Some(Arc::clone(&contact)));
        self.record(kind, origin, &contact, dnd_changed);
        contact
    }

    fn record(&mut self, kind: ChangeKind, origin: Origin, contact: &Arc<Contact>, dnd_changed: bool) {
        let change = ContactChange { at: self.config.clock.now(), origin, kind, dnd_changed, contact: Arc::clone(contact) };
        self.changes.push(Change::Contact(change));
    }
}
