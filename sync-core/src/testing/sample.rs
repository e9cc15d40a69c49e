//! Values to test with.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Action, Base, Changes, Digest, End, EndState, Eyes, FieldName, HintKey, Intent, Kind, Link, LinkId, Mark, OperationEntry, Outcome,
    PreImage, Reason, RecordId, Review, ReviewId, Run, RunCounts, RunId, RunState, Salt, Settled, Side, Sides, Standing, TenantId, Token,
    Values,
};

/// The kind of most samples.
pub const PERSON: Kind = Kind::from_static("person");
/// Another kind.
pub const APPOINTMENT: Kind = Kind::from_static("appointment");
/// The tenant of most samples.
pub const TENANT: TenantId = TenantId::from_static("practice-1");
/// Another tenant.
pub const OTHER_TENANT: TenantId = TenantId::from_static("practice-2");

/// A moment, so many seconds after a fixed one.
#[must_use]
pub fn at(seconds: i64) -> DateTime<Utc> {
    // With microseconds, since stores keep those.
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_764_000_000 + seconds) + TimeDelta::microseconds(123_456)
}

/// Sixteen bytes that sort like their number.
#[must_use]
pub fn bytes(number: u32) -> [u8; 16] {
    let mut bytes = [0xA5; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// A digest.
#[must_use]
pub fn digest(number: u32) -> Digest {
    Digest::from_bytes(bytes(number))
}

/// A link's id; they sort like their numbers.
#[must_use]
pub fn link_id(number: u32) -> LinkId {
    LinkId::from_bytes(bytes(number))
}

/// A token.
#[must_use]
pub fn token(number: u32) -> Token {
    Token::from_bytes(bytes(number))
}

/// A mark.
#[must_use]
pub fn mark(scheme: &str, number: u32) -> Mark {
    Mark { scheme: scheme.to_owned(), digest: digest(number) }
}

/// A fresh half link of a person on the left.
#[must_use]
pub fn half(number: u32, record: &str) -> Link {
    half_on(number, PERSON, Side::Left, record)
}

/// A fresh half link.
#[must_use]
pub fn half_on(number: u32, kind: Kind, side: Side, record: &str) -> Link {
    let eyes = Eyes { key: 1, normalisation: 2, policy: u64::MAX };
    Link::half(link_id(number), kind, side, End::present(record.into()), Salt::from_bytes(bytes(number)), eyes)
}

/// A link in which nothing is left out.
#[must_use]
pub fn fullest_link(number: u32) -> Link {
    let fields = ["email", "first_name", "phone", "custom/Größe \"x\""];
    let settled = [
        Settled::Agreed,
        Settled::Apart,
        Settled::Withheld(Side::Right),
        Settled::Unconfirmed { side: Side::Left, prior: Some(digest(number + 1)) },
    ];
    let base = |index: u32, settled| Base { shown: Sides::new(Some(digest(index)), (index != 2).then(|| digest(index + 50))), settled };
    let bases = fields.iter().zip(settled).zip(0..).map(|((name, settled), index)| (FieldName::new(*name), base(index, settled)));
    let identity = BTreeSet::from([mark("email", number), mark("phone", number + 1)]);
    let end = |record: &str, state| End {
        id: RecordId::new(format!("{record}-{number}")),
        state,
        raw: Some(digest(9)),
        identity: identity.clone(),
        references: BTreeMap::from([(PERSON, RecordId::from("P Ü"))]),
        expires: chrono::NaiveDate::from_ymd_opt(2027, 2, 28),
    };
    Link {
        ends: Sides::new(
            Some(end("Left Ü", EndState::Missing { since: at(-60) })),
            Some(end("right/1", EndState::Pending { since: at(-120) })),
        ),
        standing: Standing::Paused,
        bases: bases.collect(),
        intent: Some(intent(Side::Right, number)),
        token: Some(token(number + 1000)),
        parents: BTreeMap::from([(PERSON, link_id(number + 500))]),
        lineage: Some(digest(number + 7)),
        pulled: true,
        settled_at: Some(at(-30)),
        settled: true,
        ..half(number, "replaced")
    }
}

/// An open create.
#[must_use]
pub fn intent(side: Side, number: u32) -> Intent {
    Intent {
        side,
        token: token(number),
        begun_at: at(-10),
        identity: BTreeSet::from([mark("email", number)]),
        omitted: BTreeSet::from([FieldName::from_static("phone")]),
        attempt: 3,
    }
}

/// A review item about a link.
#[must_use]
pub fn review(number: u32, link: Option<LinkId>, opened: i64) -> Review {
    let field = FieldName::from_static("email");
    let value = Sides::new(Some(format!("canary-{number}@example.test")), None);
    Review {
        id: ReviewId::from_bytes(bytes(number)),
        kind: PERSON,
        link,
        records: Sides::new(Some("L".into()), None),
        reason: Reason::Cleared { field: field.clone(), side: Side::Right },
        values: Values(BTreeMap::from([(field.clone(), value)])),
        shown: BTreeMap::from([(field, Sides::new(Some(digest(1)), None))]),
        opened_at: at(opened),
        decision: None,
    }
}

/// A run that is under way.
#[must_use]
pub fn run(number: u32, started: i64) -> Run {
    let counts = RunCounts { scanned: 1, created: 2, updated: 3, removed: 4, unchanged: 5, parked: 6, review: 7, failed: 8 };
    Run {
        id: RunId::from_bytes(bytes(number)),
        kind: PERSON,
        started_at: at(started),
        ended_at: None,
        state: RunState::Running,
        counts: Sides::new(counts, RunCounts::default()),
    }
}

/// A line of the journal.
#[must_use]
pub fn operation(link: LinkId, when: i64, outcome: Outcome) -> OperationEntry {
    OperationEntry {
        at: at(when),
        run: Some(RunId::from_bytes(bytes(7))),
        link,
        side: Side::Right,
        action: Action::Update,
        record: Some("R".into()),
        fields: vec!["phone".into(), "email".into()],
        outcome,
    }
}

/// An overwritten value.
#[must_use]
pub fn pre_image(link: LinkId, value: Option<&str>, when: i64) -> PreImage {
    PreImage {
        link,
        side: Side::Left,
        record: "L".into(),
        field: "email".into(),
        value: value.map(str::to_owned),
        at: at(when),
        until: at(when + 2_592_000),
    }
}

/// A hint's key.
#[must_use]
pub fn hint(record: &str) -> HintKey {
    HintKey { tenant: TENANT, kind: PERSON, side: Side::Left, id: record.into() }
}

/// A step that stores these links.
#[must_use]
pub fn storing(links: impl IntoIterator<Item = Link>) -> Changes {
    Changes { links: links.into_iter().collect(), ..Changes::default() }
}
