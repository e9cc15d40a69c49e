#![doc = include_str!("../README.md")]

mod capability;
pub mod decide;
mod desk;
mod digest;
mod engine;
mod env;
mod error;
mod execute;
mod hint;
mod id;
mod link;
pub mod observer;
mod plan;
mod policy;
mod record;
mod review;
mod schema;
mod setup;
mod side;
mod sink;
mod source;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod vocabulary;

pub use capability::{Absence, Description, FieldSupport, SearchKey, Support};
pub use desk::Desk;
pub use digest::{Digest, Digester, Salt};
pub use engine::{Engine, Reconciled, Report};
pub use env::{Env, SystemEnv};
pub use error::{Error, ErrorKind, Result, Verdict};
pub use hint::{DELIVERIES_KEPT, Depth, Handled, HintKey, HintQueue, Taken, Urgency};
pub use id::{FieldName, InvalidId, Kind, LinkId, RecordId, ReviewId, RunId, TenantId, Token};
pub use link::{Base, End, EndState, Eyes, Head, HeadEnd, Intent, Link, Mark, Parents, Settled, Standing};
pub use plan::{Operation, Plan, PlannedReview, Planner};
pub use policy::{Brake, Clearing, Conflict, Direction, FieldPolicy, Policy, Removal, Scope, SharedIdentifier};
pub use record::{Field, Fields, Listed, Presence, Record};
pub use review::{Braked, Decision, Reason, Review, Values};
pub use schema::{Identifier, Role, Schema, check_order};
pub use setup::Setup;
pub use side::{Side, Sides};
pub use sink::{Draft, Patch, Permit, Sink, Written};
pub use source::{Item, Observation, Probe, Source};
pub use store::{
    Action, Changes, CommitError, Fence, Held, Leases, LinkQuery, MappingReader, MappingStore, MemoryStore, OperationEntry, Outcome,
    PreImage, ReviewQuery, Run, RunCounts, RunState,
};
