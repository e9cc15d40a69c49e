//! What the suite for endpoints does not ask: lag, quirks, journal and faults.

use std::time::Duration;

use futures::StreamExt;

use super::*;
use crate::testing::{Bend, Fault, Flaky, SeededEnv, permit};
use crate::{Absence, Draft, Field, Fields, Item, Observation, Patch, Presence, Probe, Sink, Source, Token, Verdict, Written};

const PERSON: Kind = Kind::from_static("person");
const APPOINTMENT: Kind = Kind::from_static("appointment");

fn shape() -> Shape {
    Shape::full(PERSON, &["name", "email"])
}

fn side(shape: Shape) -> (MemoryEndpoint, Arc<SeededEnv>) {
    let env = Arc::new(SeededEnv::frozen(1));
    (MemoryEndpoint::new("M", env.clone(), [shape, Shape::full(APPOINTMENT, &["start"])]), env)
}

fn draft(name: &str) -> Draft {
    let mut fields = Fields::default();
    fields.set("name".into(), Field::Value(name));
    Draft { kind: PERSON, fields, references: BTreeMap::new(), token: Token::from_bytes([7; 16]) }
}

fn rename(id: &RecordId, name: &str) -> Patch {
    Patch { kind: PERSON, id: id.clone(), fields: draft(name).fields }
}

/// The names in a listing, and how it ended: `true` for complete, `None` for not at all.
async fn listed(source: &impl Source) -> (Vec<String>, Option<Result<bool, Verdict>>) {
    let mut names = Vec::new();
    let mut end = None;
    let kind = PERSON;
    let mut listing = source.list(&kind);
    while let Some(item) = listing.next().await {
        match item {
            Ok(Item::Listed(element)) => {
                let record = source.decode(&PERSON, &element).unwrap();
                names.push(record.fields.get(&"name".into()).value().unwrap().to_owned());
            }
            Ok(Item::Broken { .. }) => names.push("broken".to_owned()),
            Ok(Item::End { complete }) => end = Some(Ok(complete)),
            Err(error) => end = Some(Err(error.verdict())),
        }
    }
    (names, end)
}

#[tokio::test]
async fn a_lagging_listing_shows_the_past_and_a_read_the_present() {
    let lag = Duration::from_secs(30);
    let (side, env) = side(shape().describing(|description| description.lag = lag));
    let id = side.add(&PERSON, &[("name", "Anna")]);
    assert_eq!(listed(&side).await.0, [""; 0]);
    env.advance(lag);
    side.edit(&id, "name", "Berta");
    env.advance(lag / 2);
    side.edit(&id, "name", "Clara");
    assert_eq!(listed(&side).await.0, ["Anna"]);
    let Ok(Observation::Found(record)) = side.read(&PERSON, &id).await else { panic!("not found") };
    assert_eq!(record.fields.get(&"name".into()), Field::Value("Clara"));
    env.advance(lag / 2);
    assert_eq!(listed(&side).await.0, ["Berta"]);
    side.remove_by_hand(&id);
    env.advance(lag / 2);
    assert_eq!(listed(&side).await.0, ["Clara"]);
    env.advance(lag / 2);
    assert_eq!(listed(&side).await.0, [""; 0]);
}

#[tokio::test]
async fn a_pending_record_is_nowhere_until_it_is_approved() {
    let (side, _) = side(shape().with_pending_creates());
    let Ok(Written::Pending(id)) = side.create(&permit(), &draft("Anna")).await else { panic!("not pending") };
    assert!(matches!(side.read(&PERSON, &id).await, Ok(Observation::Missing)));
    assert!(side.find(&PERSON, &Probe::Token(Token::from_bytes([7; 16]))).await.unwrap().is_empty());
    assert!(side.update(&permit(), &rename(&id, "Berta")).await.is_err());
    assert_eq!(side.pending(&PERSON).len(), 1);
    side.approve(&id);
    assert!(side.pending(&PERSON).is_empty());
    assert_eq!(listed(&side).await.0, ["Anna"]);
}

#[tokio::test]
async fn a_merge_moves_values_and_children_to_the_winner() {
    let (side, _) = side(shape());
    let winner = side.add(&PERSON, &[("name", "Anna")]);
    let loser = side.add(&PERSON, &[("name", "Anni"), ("email", "anna@example.test")]);
    let child = side.add(&APPOINTMENT, &[("start", "2026-03-02T09:00:00Z")]);
    side.change(&child, |record| {
        record.references.insert(PERSON, loser.clone());
    });
    side.merge(&winner, &loser);
    assert_eq!(side.value(&winner, "name").as_deref(), Some("Anna"));
    assert_eq!(side.value(&winner, "email").as_deref(), Some("anna@example.test"));
    assert_eq!(side.record(&child).unwrap().references[&PERSON], winner);
    assert!(matches!(side.read(&PERSON, &loser).await, Ok(Observation::Missing)));
}

#[tokio::test]
async fn who_left_is_listed_only_where_absence_does_not_mean_it() {
    let (side, _) = side(shape());
    let id = side.add(&PERSON, &[("name", "Anna")]);
    side.deactivate(&id);
    assert_eq!(listed(&side).await.0, ["Anna"]);
    let (hiding, _) = self::side(shape().describing(|description| description.absence = Absence::Inactive));
    let id = hiding.add(&PERSON, &[("name", "Anna")]);
    hiding.deactivate(&id);
    assert_eq!(listed(&hiding).await.0, [""; 0]);
    assert_eq!(hiding.record(&id).unwrap().presence, Presence::Inactive);
    hiding.reactivate(&id);
    assert_eq!(listed(&hiding).await.0, ["Anna"]);
}

#[tokio::test]
async fn a_tombstone_shows_and_takes_no_writes() {
    let (side, _) = side(shape().with_tombstones());
    let id = side.add(&PERSON, &[("name", "Anna")]);
    side.remove(&permit(), &PERSON, &id).await.unwrap();
    let Ok(Observation::Found(record)) = side.read(&PERSON, &id).await else { panic!("not found") };
    assert_eq!(record.presence, Presence::Deleted);
    assert_eq!(side.update(&permit(), &rename(&id, "Berta")).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(side.remove(&permit(), &PERSON, &id).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_child_of_nobody_is_refused() {
    let (side, _) = side(shape());
    let references = BTreeMap::from([(PERSON, RecordId::from_static("M9"))]);
    let child = Draft { kind: APPOINTMENT, fields: Fields::default(), references, token: Token::from_bytes([1; 16]) };
    assert_eq!(side.create(&permit(), &child).await.unwrap_err().verdict(), Verdict::Permanent);
}

#[tokio::test]
async fn what_is_not_declared_is_refused() {
    let (side, _) = side(shape().describing(|description| {
        description.single_read = false;
        description.search.clear();
    }));
    let id = side.add(&PERSON, &[("name", "Anna")]);
    assert_eq!(side.read(&PERSON, &id).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(side.find(&PERSON, &Probe::Token(Token::from_bytes([7; 16]))).await.unwrap_err().kind(), ErrorKind::Refused);
    let unknown = Patch {
        fields: {
            let mut fields = Fields::default();
            fields.set("shoe_size".into(), Field::Value("42"));
            fields
        },
        ..rename(&id, "")
    };
    assert_eq!(side.update(&permit(), &unknown).await.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn the_journal_tells_what_was_asked_and_what_came_of_it() {
    let (side, _) = side(shape());
    side.faults().fail_next(CallKind::Create, Fault::Temporary);
    assert!(side.create(&permit(), &draft("Anna")).await.unwrap_err().is_temporary());
    side.create(&permit(), &draft("Anna")).await.unwrap();
    listed(&side).await;
    let create = |id: Option<&str>| Call::Create {
        kind: PERSON,
        id: id.map(RecordId::from),
        token: Token::from_bytes([7; 16]),
        fields: vec!["name".into()],
    };
    assert_eq!(side.calls(), [create(None), create(Some("M1")), Call::List(PERSON)]);
    assert_eq!(side.writes().len(), 2);
    assert_eq!(side.count(CallKind::Create), 2);
    side.forget_calls();
    assert!(side.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_fault_does_what_it_says() {
    let (inner, _) = side(shape());
    let id = inner.add(&PERSON, &[("name", "Anna")]);
    let flaky = Flaky::new(inner.clone());
    let elsewhere = (inner.clone(), id.clone());
    let faults = [
        (Fault::Permanent, Some(Verdict::Permanent), "Anna"),
        (Fault::Temporary, Some(Verdict::Temporary { retry_after: None }), "Anna"),
        (Fault::Unauthorized, Some(Verdict::Permanent), "Anna"),
        (Fault::LostRequest, Some(Verdict::Unknown), "Anna"),
        (Fault::LostAnswer, Some(Verdict::Unknown), "Berta"),
        (Fault::Slow(Duration::from_secs(60)), None, "Berta"),
        (Fault::Meanwhile(Box::new(move || elsewhere.0.edit(&elsewhere.1, "email", "m@example.test"))), None, "Berta"),
    ];
    for (fault, verdict, name) in faults {
        let told = format!("{fault:?}");
        inner.edit(&id, "name", "Anna");
        flaky.faults().fail_next(CallKind::Update, fault);
        let answer = flaky.update(&permit(), &rename(&id, "Berta")).await;
        assert_eq!(answer.err().map(|error| error.verdict()), verdict, "{told}");
        assert_eq!(inner.value(&id, "name").as_deref(), Some(name), "{told}");
    }
    assert_eq!(inner.value(&id, "email").as_deref(), Some("m@example.test"));
    flaky.faults().set_down(true);
    assert!(flaky.read(&PERSON, &id).await.is_err_and(|error| error.is_temporary()));
    flaky.faults().set_down(false);
    assert!(flaky.read(&PERSON, &id).await.is_ok());
}

#[tokio::test]
async fn each_bend_of_a_listing_does_what_it_says() {
    let (inner, _) = side(shape());
    inner.add(&PERSON, &[("name", "Anna")]);
    inner.add(&PERSON, &[("name", "Berta")]);
    let flaky = Flaky::new(inner);
    let bends: [(_, &[&str], _); 5] = [
        (Bend::FailsAfter(1), &["Anna"], Some(Err(Verdict::Temporary { retry_after: None }))),
        (Bend::StopsAfter(2), &["Anna", "Berta"], None),
        (Bend::Incomplete, &["Anna", "Berta"], Some(Ok(false))),
        (Bend::Broken, &["broken", "Anna", "Berta"], Some(Ok(false))),
        (Bend::Empty, &[], Some(Ok(true))),
    ];
    for (bend, names, end) in bends {
        flaky.faults().bend_next_listing(bend);
        let (shown, ended) = listed(&flaky).await;
        assert_eq!((shown.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), ended), (names, end), "{bend:?}");
    }
    assert_eq!(listed(&flaky).await.1, Some(Ok(true)));
    flaky.faults().fail_next(CallKind::List, Fault::Unauthorized);
    assert_eq!(listed(&flaky).await, (Vec::new(), Some(Err(Verdict::Permanent))));
}
