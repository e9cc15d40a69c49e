//! Two sides and a store, small enough to be told many times.

use std::sync::Arc;
use std::time::Duration;

use super::fuse::{Fuse, FusedSide, FusedStore};
use crate::testing::{Call, MemoryEndpoint, SeededEnv, Shape};
use crate::vocabulary::person::{KIND, PersonSchema};
use crate::{
    Absence, Digester, EndState, Engine, FieldName, FieldPolicy, Head, LinkId, MappingStore, Policy, RecordId, Removal, Review,
    ReviewQuery, Scope, Setup, Side, Sides, Sink, Standing, TenantId,
};

const FIELDS: [&str; 4] = ["given_name", "family_name", "email", "phone"];
/// Longer than a created record takes to appear.
const PAUSE: Duration = Duration::from_secs(700);

/// The left side lists only, and keeps no tokens; the right side reads single records, and refuses shared addresses.
#[derive(Debug)]
pub(super) struct World {
    pub(super) left: MemoryEndpoint,
    pub(super) right: MemoryEndpoint,
    pub(super) fuse: Fuse,
    store: Arc<dyn MappingStore>,
    env: Arc<SeededEnv>,
    tenant: TenantId,
}

/// What is left when all is quiet. Records go by the name of whom they show: a create that was refused before the crash may have
/// used up an id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    records: Sides<Vec<Vec<Option<String>>>>,
    links: Vec<(Sides<Option<Shown>>, Standing)>,
    questions: Vec<(&'static str, Sides<Option<String>>)>,
}

/// Whom a record of a link shows, and its state.
type Shown = (Option<String>, &'static str);

fn left() -> Shape {
    Shape::full(KIND, &FIELDS).with_schema(Arc::new(PersonSchema::default())).describing(|side| {
        side.single_read = false;
        side.search.clear();
        side.carries_token = false;
        side.absence = Absence::Gone;
    })
}

fn right() -> Shape {
    Shape::full(KIND, &FIELDS).with_schema(Arc::new(PersonSchema::default())).with_unique("email").with_unique("phone")
}

/// Somebody with a name, an address and a number of their own.
pub(super) fn person(name: &str) -> [(&'static str, String); 4] {
    let number: usize = name.bytes().map(usize::from).sum();
    [
        ("given_name", name.to_owned()),
        ("family_name", "Muster".to_owned()),
        ("email", format!("{}@example.ch", name.to_lowercase())),
        ("phone", format!("+41791230{number:03}")),
    ]
}

impl World {
    /// Three people who are on both sides, and at rest.
    pub(super) async fn new(store: Arc<dyn MappingStore>, tenant: TenantId, fuse: Fuse) -> Self {
        let env = Arc::new(SeededEnv::frozen(7));
        let (left, right) = (MemoryEndpoint::new("L", env.clone(), [left()]), MemoryEndpoint::new("R", env.clone(), [right()]));
        let world = Self { left, right, fuse, store, env, tenant };
        ["Anna", "Beat", "Carla"].iter().for_each(|name| drop(world.add(Side::Left, name)));
        world.sync().await;
        world.sync().await;
        world
    }

    pub(super) fn store(&self) -> &dyn MappingStore {
        self.store.as_ref()
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(super) fn side(&self, side: Side) -> &MemoryEndpoint {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// Staff enter somebody.
    pub(super) fn add(&self, side: Side, name: &str) -> RecordId {
        let values = person(name);
        let values: Vec<(&str, &str)> = values.iter().map(|(field, value)| (*field, value.as_str())).collect();
        let id = self.side(side).add(&KIND, &values);
        self.side(side).change(&id, |record| {
            record.marks.insert("wanted".into());
        });
        id
    }

    /// The record of somebody on a side.
    pub(super) fn find(&self, side: Side, name: &str) -> RecordId {
        let all = self.side(side).records(&KIND).into_iter().map(|record| record.id);
        let mut named = all.filter(|id| self.side(side).value(id, "given_name").as_deref() == Some(name));
        named.next().unwrap_or_else(|| panic!("{name} is not on the {side} side"))
    }

    pub(super) async fn link_of(&self, side: Side, id: &RecordId) -> LinkId {
        let link = self.engine().desk().find(side, id).await.expect("the store can be read");
        link.unwrap_or_else(|| panic!("{id} has no link")).id
    }

    /// An engine as a process makes it when it starts.
    pub(super) fn engine(&self) -> Engine {
        let fields = FIELDS.iter().map(|name| (FieldName::from_static(name), FieldPolicy::default()));
        let scope = Sides::new(Scope::All, Scope::Mark("wanted".to_owned()));
        let removal = Sides::new(Removal::Keep, Removal::Remove);
        let policy = Policy { fields: fields.collect(), scope, removal, ..Policy::closed(KIND) };
        let setup = Setup {
            tenant: self.tenant.clone(),
            schema: Arc::new(PersonSchema::default()),
            policy,
            digester: Digester::new(&[7; 32], 1),
            env: self.env.clone(),
        };
        let fused = |side: Side| -> Arc<dyn Sink> { Arc::new(FusedSide { inner: self.side(side).clone(), fuse: self.fuse.clone() }) };
        let store = FusedStore { inner: self.store.clone(), fuse: self.fuse.clone() };
        Engine::new(setup, Sides::from_fn(fused), Arc::new(store)).expect("the policy fits the sides")
    }

    /// One sweep, long after the last.
    pub(super) async fn sync(&self) {
        self.env.advance(PAUSE);
        self.engine().sweep().await.expect("nothing fails, except that the process dies");
    }

    pub(super) fn writes(&self) -> Vec<Call> {
        self.left.writes().into_iter().chain(self.right.writes()).collect()
    }

    pub(super) async fn picture(&self) -> Picture {
        let named = |side: Side, id: &RecordId| self.side(side).value(id, "given_name");
        let records = |side: Side| {
            let all = self.side(side).records(&KIND).into_iter();
            let mut shown: Vec<Vec<_>> =
                all.map(|record| FIELDS.iter().map(|field| self.side(side).value(&record.id, field)).collect()).collect();
            shown.sort();
            shown
        };
        let heads = self.store.heads(&self.tenant, &KIND, None, usize::MAX).await.expect("the store can be read");
        let end = |head: &Head, side: Side| head.ends[side].as_ref().map(|end| (named(side, &end.id), name(end.state)));
        let mut links: Vec<_> = heads.iter().map(|head| (Sides::from_fn(|side| end(head, side)), head.standing)).collect();
        links.sort_by_key(|link| format!("{link:?}"));
        let reviews = self.store.reviews(&self.tenant, &ReviewQuery::default()).await.expect("the store can be read");
        let about = |review: &Review, side: Side| review.records[side].as_ref().and_then(|id| named(side, id));
        let mut questions: Vec<_> =
            reviews.iter().map(|review| (review.reason.name(), Sides::from_fn(|side| about(review, side)))).collect();
        questions.sort();
        Picture { records: Sides::from_fn(records), links, questions }
    }
}

fn name(state: EndState) -> &'static str {
    match state {
        EndState::Present => "present",
        EndState::Pending { .. } => "pending",
        EndState::Missing { .. } => "missing",
        EndState::Gone => "gone",
        EndState::Inactive => "inactive",
    }
}
