//! What an in-memory side can do, and its quirks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::{Absence, Description, Field, FieldName, FieldSupport, Fields, Identifier, Kind, Parents, Record, Schema, SearchKey, Support};

/// What the answer to a write shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// The record as it is now.
    #[default]
    Record,
    /// Its id.
    Id,
}

/// How a side serves one kind: its [`Description`], and the quirks that a description does not tell.
///
/// ```
/// use std::time::Duration;
/// use sync_core::testing::{Echo, Shape};
/// use sync_core::{FieldName, Kind};
///
/// let shape = Shape::full(Kind::from_static("person"), &["name", "email"])
///     .describing(|description| {
///         description.single_read = false;
///         description.lag = Duration::from_secs(30);
///         description.required = vec![FieldName::from_static("name")];
///     })
///     .with_stored("email", |email| email.to_lowercase())
///     .with_unique("email")
///     .with_echo(Echo::Id);
/// assert!(!shape.description().single_read);
/// ```
#[derive(Clone, Debug)]
pub struct Shape {
    pub(super) description: Description,
    pub(super) hidden: BTreeSet<FieldName>,
    pub(super) stored: BTreeMap<FieldName, fn(&str) -> String>,
    pub(super) echo: Echo,
    pub(super) pending: bool,
    pub(super) tombstones: bool,
    pub(super) schema: Option<Arc<dyn Schema>>,
}

impl Shape {
    /// A side as described, without quirks.
    #[must_use]
    pub fn new(description: Description) -> Self {
        Self {
            description,
            hidden: BTreeSet::new(),
            stored: BTreeMap::new(),
            echo: Echo::Record,
            pending: false,
            tombstones: false,
            schema: None,
        }
    }

    /// A side that can do everything with these fields, at once.
    #[must_use]
    pub fn full(kind: Kind, fields: &[&'static str]) -> Self {
        Self::new(Description {
            kind,
            system: "Memory",
            fields: fields.iter().map(|name| (FieldName::from_static(name), FieldSupport::FULL)).collect(),
            required: Vec::new(),
            unique: BTreeSet::new(),
            single_read: true,
            lag: Duration::ZERO,
            absence: Absence::Gone,
            search: BTreeSet::from([SearchKey::Token, SearchKey::Identity]),
            carries_token: true,
            create: Support::Enabled,
            update: Support::Enabled,
            by_hand: BTreeSet::new(),
            remove: Support::Enabled,
            settle: Duration::from_secs(600),
            parallel: 8,
        })
    }

    /// Changes the description.
    #[must_use]
    pub fn describing(mut self, change: impl FnOnce(&mut Description)) -> Self {
        change(&mut self.description);
        self
    }

    /// What the side can do with one field.
    #[must_use]
    pub fn with_field(mut self, name: &'static str, support: FieldSupport) -> Self {
        self.description.fields.insert(FieldName::from_static(name), support);
        self
    }

    /// Listings and searches do not show this field; single reads and answers do, where it has a value.
    #[must_use]
    pub fn with_hidden(mut self, name: &'static str) -> Self {
        let name = FieldName::from_static(name);
        if let Some(support) = self.description.fields.get_mut(&name) {
            support.listed = false;
        }
        self.hidden.insert(name);
        self
    }

    /// The side stores this field in its own way.
    #[must_use]
    pub fn with_stored(mut self, name: &'static str, normalise: fn(&str) -> String) -> Self {
        self.stored.insert(FieldName::from_static(name), normalise);
        self
    }

    /// Two records cannot have the same value in this field.
    #[must_use]
    pub fn with_unique(mut self, name: &'static str) -> Self {
        self.description.unique.insert(FieldName::from_static(name));
        self
    }

    /// What answers to writes show.
    #[must_use]
    pub fn with_echo(mut self, echo: Echo) -> Self {
        self.echo = echo;
        self
    }

    /// A create is only a request, until staff approve it.
    #[must_use]
    pub fn with_pending_creates(mut self) -> Self {
        self.pending = true;
        self
    }

    /// A removed record stays in listings, marked as deleted.
    #[must_use]
    pub fn with_tombstones(mut self) -> Self {
        self.tombstones = true;
        self
    }

    /// How a search by identity recognises records. Without, a scheme is the name of a field.
    #[must_use]
    pub fn with_schema(mut self, schema: Arc<dyn Schema>) -> Self {
        self.schema = Some(schema);
        self
    }

    /// What the side declares.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// A value as this side stores it.
    pub(super) fn store(&self, name: &FieldName, value: &str) -> String {
        self.stored.get(name).map_or_else(|| value.to_owned(), |normalise| normalise(value))
    }

    /// Fields as a view shows them: where there is no value, `Empty` only if absence proves it.
    pub(super) fn shown<'a>(&self, value: impl Fn(&FieldName) -> Option<&'a str>) -> Fields {
        let mut fields = Fields::default();
        for (name, support) in &self.description.fields {
            match value(name) {
                Some(value) => fields.set(name.clone(), Field::Value(value)),
                None if support.listed => fields.set(name.clone(), Field::Empty),
                None => {}
            }
        }
        fields
    }

    pub(super) fn is_recognised(&self, record: &Record, scheme: &str, text: &str) -> bool {
        match &self.schema {
            Some(schema) => {
                schema.identify(record, &Parents::new()).iter().any(|Identifier { scheme: own, text: has }| *own == scheme && has == text)
            }
            None => record.fields.get(&FieldName::new(scheme)) == Field::Value(text),
        }
    }
}
