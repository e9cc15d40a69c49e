//! A clinic: patients on the left, contacts on the right.

use std::sync::Arc;
use std::time::Duration;

use sync_core::testing::{Call, MemoryEndpoint, SeededEnv, Shape};
use sync_core::vocabulary::person::{self, PersonSchema};
use sync_core::{
    Digester, Engine, FieldName, FieldPolicy, MappingReader, MemoryStore, Plan, Policy, RecordId, Report, Result, Review, ReviewQuery,
    Scope, Setup, Sides, Sink, TenantId,
};

pub(crate) const FIELDS: [&str; 5] = ["given_name", "family_name", "email", "phone", "birth_date"];

pub(crate) struct Clinic {
    pub(crate) left: MemoryEndpoint,
    pub(crate) right: MemoryEndpoint,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) env: Arc<SeededEnv>,
    pub(crate) policy: Policy,
    /// The tenant's key, and how often it was changed.
    pub(crate) key: (u8, u32),
    /// The country by whose habits phone numbers are read.
    pub(crate) region: &'static str,
}

/// Patients cannot be read one by one; contacts can, and refuse shared e-mails and phones.
pub(crate) fn patients() -> Shape {
    Shape::full(person::KIND, &FIELDS).with_schema(Arc::new(PersonSchema::default())).describing(|side| {
        side.single_read = false;
        side.search.clear();
        side.carries_token = false;
        side.absence = sync_core::Absence::Inactive;
    })
}

pub(crate) fn contacts() -> Shape {
    Shape::full(person::KIND, &FIELDS).with_schema(Arc::new(PersonSchema::default())).with_unique("email").with_unique("phone")
}

pub(crate) fn policy() -> Policy {
    let fields = FIELDS.iter().map(|name| (FieldName::from_static(name), FieldPolicy::default()));
    let scope = Sides::new(Scope::All, Scope::Mark("tag:patient".to_owned()));
    Policy { fields: fields.collect(), scope, ..Policy::closed(person::KIND) }
}

impl Clinic {
    pub(crate) fn new() -> Self {
        Self::shaped(patients(), contacts())
    }

    pub(crate) fn shaped(left: Shape, right: Shape) -> Self {
        let env = Arc::new(SeededEnv::frozen(7));
        Self {
            left: MemoryEndpoint::new("L", env.clone(), [left]),
            right: MemoryEndpoint::new("R", env.clone(), [right]),
            store: Arc::new(MemoryStore::new()),
            env,
            policy: policy(),
            key: (7, 1),
            region: "CH",
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        let setup = Setup {
            tenant: tenant(),
            schema: Arc::new(PersonSchema::new(self.region).unwrap()),
            policy: self.policy.clone(),
            digester: Digester::new(&[self.key.0; 32], self.key.1),
            env: self.env.clone(),
        };
        let sides: Sides<Arc<dyn Sink>> = Sides::new(Arc::new(self.left.clone()), Arc::new(self.right.clone()));
        Engine::new(setup, sides, self.store.clone()).unwrap()
    }

    /// One sweep, a minute later.
    pub(crate) async fn sync(&self) -> Report {
        self.try_sync().await.unwrap()
    }

    pub(crate) async fn try_sync(&self) -> Result<Report> {
        self.env.advance(Duration::from_secs(60));
        self.engine().sweep().await
    }

    pub(crate) async fn plan(&self) -> Plan {
        self.env.advance(Duration::from_secs(60));
        self.engine().plan().await.unwrap()
    }

    /// A sweep of which nothing is written on either side.
    pub(crate) async fn sync_without_a_write(&self) -> Report {
        let before = self.writes().len();
        let report = self.sync().await;
        assert_eq!(self.writes()[before..], [], "this sweep should not write");
        report
    }

    pub(crate) fn writes(&self) -> Vec<Call> {
        self.left.writes().into_iter().chain(self.right.writes()).collect()
    }

    pub(crate) async fn reviews(&self) -> Vec<Review> {
        let query = ReviewQuery { values: true, ..ReviewQuery::default() };
        let reviews = self.store.reviews(&tenant(), &query).await.unwrap();
        reviews.into_iter().filter(|review| review.decision.is_none()).collect()
    }

    pub(crate) async fn reasons(&self) -> Vec<&'static str> {
        self.reviews().await.iter().map(|review| review.reason.name()).collect()
    }

    pub(crate) fn anna(&self) -> RecordId {
        self.left.add(&person::KIND, &anna())
    }

    /// The only contact.
    pub(crate) fn contact(&self) -> RecordId {
        let contacts = self.right.records(&person::KIND);
        assert_eq!(contacts.len(), 1, "there should be one contact");
        contacts[0].id.clone()
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::from_static("clinic")
}

pub(crate) fn anna() -> [(&'static str, &'static str); 5] {
    [
        ("given_name", "Anna"),
        ("family_name", "Müller"),
        ("email", "anna@example.ch"),
        ("phone", "+41791234501"),
        ("birth_date", "1980-05-04"),
    ]
}
