//! The suite keeps the in-memory endpoint to its contract, and catches endpoints that break it.

mod bent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bent::{Bent, Habit};

use super::*;
use crate::testing::{Echo, MemoryEndpoint, SeededEnv, Shape};
use crate::vocabulary::person::{self, PersonSchema};
use crate::{Absence, Field, FieldName, FieldSupport, Fields, Kind, RecordId, SearchKey, Sink, Support};

const FIELDS: [&str; 7] = ["given_name", "family_name", "email", "phone", "birth_date", "city", "country"];

fn sample(values: [&str; 7]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in FIELDS.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        fields.set(FieldName::from_static(name), Field::Value(value));
    }
    fields
}

fn samples() -> [Fields; 3] {
    [
        sample(["Anna Maria", "Muster", "anna@example.test", "+41791234567", "1980-05-17", "Zürich", "CH"]),
        sample(["Urs", "Hösli", "urs@example.test", "+41317654321", "1975-12-01", "Bern", "LI"]),
        sample(["Gia", "Huber", "", "", "", "", ""]),
    ]
}

fn full() -> Shape {
    Shape::full(person::KIND, &FIELDS).with_schema(Arc::new(PersonSchema::default()))
}

fn side(shape: Shape) -> MemoryEndpoint {
    MemoryEndpoint::new("M", Arc::new(SeededEnv::new(1)), [shape])
}

fn subject(endpoint: Arc<dyn Sink>, side: MemoryEndpoint) -> Subject {
    let subject = Subject::new(endpoint, Arc::new(side), Arc::new(PersonSchema::default()), samples());
    subject.with_text(person::FAMILY_NAME, 200).with_text(person::CITY, 40)
}

async fn report(shape: Shape) -> EndpointReport {
    endpoint_report(async || {
        let side = side(shape.clone());
        subject(Arc::new(side.clone()), side)
    })
    .await
}

/// A shape that declares everything a check can ask for.
fn demanding() -> Shape {
    let required = vec![person::FAMILY_NAME];
    full().with_unique("email").with_unique("phone").describing(|description| description.required = required)
}

/// No single read, listings late, and what is created waits for approval.
fn whole_lists() -> Shape {
    demanding().with_pending_creates().with_echo(Echo::Id).describing(|description| {
        description.single_read = false;
        description.lag = Duration::from_secs(90);
        description.absence = Absence::Inactive;
        description.carries_token = false;
        description.search = BTreeSet::from([SearchKey::Identity]);
        description.remove = Support::Manual;
    })
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_everything_keeps_all_promises() {
    let report = report(demanding()).await;
    assert!(report.broken.is_empty(), "{report}");
    assert_eq!(report.not_asked, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_single_reads_keeps_what_it_promises() {
    let report = report(whole_lists()).await;
    assert!(report.broken.is_empty(), "{report}");
    assert_eq!(report.not_asked.len(), 7, "{:?}", report.not_asked);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_only_creates_keeps_what_it_promises() {
    let shape = FIELDS.iter().fold(full(), |shape, name| shape.with_field(name, FieldSupport::CREATE_ONLY));
    let report = report(shape).await;
    assert!(report.broken.is_empty(), "{report}");
    assert!(report.not_asked.contains(&"an_update_to_empty_clears"));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_only_read_keeps_what_it_promises() {
    let report = report(full().describing(|description| {
        description.create = Support::Manual;
        description.update = Support::Manual;
        description.remove = Support::Manual;
    }))
    .await;
    assert!(report.broken.is_empty(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_with_quirks_keeps_its_promises() {
    endpoint_suite(async || {
        let shape = demanding().with_hidden("city").with_tombstones().with_stored("country", |country| country.to_lowercase());
        let side = side(shape);
        subject(Arc::new(side.clone()), side).with_own_way(FieldName::from_static("country"))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_children_keeps_its_promises() {
    endpoint_suite(async || {
        let parent = Kind::from_static("practice");
        let side = MemoryEndpoint::new("M", Arc::new(SeededEnv::new(1)), [demanding(), Shape::full(parent.clone(), &["name"])]);
        let id = side.add(&parent, &[("name", "Praxis")]);
        subject(Arc::new(side.clone()), side).with_reference(parent, id)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_described_breaks_every_promise() {
    let report = endpoint_report(async || {
        let side = MemoryEndpoint::new("M", Arc::new(SeededEnv::new(1)), []);
        subject(Arc::new(side.clone()), side)
    })
    .await;
    assert_eq!(report.broken.len(), endpoint_checks().len());
}

/// What each bad habit is caught by. A check that no habit offends is a check that may be unable to fail.
#[rustfmt::skip]
const CAUGHT: &[(Habit, &[&str])] = &[
    (Habit::ListsTwice, &["a_listing_shows_every_record_once"]),
    (Habit::SkipsOne, &["a_listing_shows_every_record_once"]),
    (Habit::EndsTwice, &["a_listing_has_one_end_and_nothing_after_it"]),
    (Habit::NeverEnds, &["a_listing_has_one_end_and_nothing_after_it"]),
    (Habit::NeverComplete, &["a_listing_that_ends_well_is_complete"]),
    (Habit::ChangesBytes, &["an_unchanged_record_is_listed_with_the_same_bytes"]),
    (Habit::ListsOldState, &["an_edit_shows_in_the_next_listing"]),
    (Habit::DecodesByReading, &["decoding_is_pure"]),
    (Habit::DecodesAnything, &["bytes_that_are_no_record_are_an_error"]),
    (Habit::ShowsUnknownForEmpty, &["what_was_never_set_is_empty_or_unknown_as_declared"]),
    (Habit::ReadsOtherwise, &["a_listing_and_a_read_agree"]),
    (Habit::ReadsFromACache, &["a_read_shows_an_edit_at_once"]),
    (Habit::MissingIsAnError, &["a_missing_record_reads_as_missing"]),
    (Habit::KnowsEveryKind, &["an_unknown_kind_is_not_described"]),
    (Habit::Contradicts, &["the_description_does_not_contradict_itself"]),
    (Habit::PrintsValues, &["nothing_prints_the_values_of_a_record"]),
    (Habit::FindsEverything, &[
        "a_token_finds_the_record_that_carries_it_and_no_other", "a_token_that_nobody_carries_finds_nothing",
        "every_proof_of_a_record_finds_it_and_no_other", "what_nobody_can_be_recognised_by_finds_nothing",
    ]),
    (Habit::FindsNothing, &[
        "a_token_finds_the_record_that_carries_it_and_no_other", "every_proof_of_a_record_finds_it_and_no_other",
    ]),
    (Habit::DropsAField, &["a_created_record_is_listed_as_drafted", "an_update_of_several_fields_changes_them_all"]),
    (Habit::CreatesTwice, &["a_created_record_is_listed_as_drafted"]),
    (Habit::ForgetsTokens, &["a_created_record_carries_its_token"]),
    (Habit::EchoesTheRequest, &[
        "the_answer_to_a_create_shows_the_record_as_it_is", "the_answer_to_an_update_shows_the_record_as_it_is",
    ]),
    (Habit::CreatesAtOnceButSaysPending, &["a_create_that_is_only_asked_for_shows_nothing_until_accepted"]),
    (Habit::FillsRequired, &["a_create_without_a_required_field_is_refused"]),
    (Habit::RefusesForNow, &["a_create_without_a_required_field_is_refused"]),
    (Habit::NamesTheWrongRecord, &[
        "a_create_of_a_taken_value_names_the_other_record", "an_update_to_a_taken_value_names_the_other_record",
    ]),
    (Habit::Truncates, &["text_survives_as_it_is"]),
    (Habit::KeepsAsciiOnly, &["text_survives_as_it_is"]),
    (Habit::TouchesAnotherField, &["an_update_changes_exactly_its_fields"]),
    (Habit::IgnoresClearing, &["an_update_to_empty_clears"]),
    (Habit::ChangesWhatIsWrittenBack, &["writing_back_what_was_read_changes_nothing"]),
    (Habit::CreatesWhatIsMissing, &["an_update_of_a_missing_record_is_an_error_and_creates_nothing"]),
    (Habit::TriesMissingAgain, &["an_update_of_a_missing_record_is_an_error_and_creates_nothing"]),
    (Habit::KeepsRemoved, &["a_record_that_people_removed_is_absent", "a_removal_removes_the_record_and_no_other"]),
    (Habit::CallsOffNothing, &["a_removal_removes_the_record_and_no_other"]),
    (Habit::CallsOffEverything, &["a_removal_removes_the_record_and_no_other"]),
];

async fn broken_by(habit: Habit) -> BTreeMap<&'static str, Breach> {
    let report = endpoint_report(async || {
        let side = side(habit.shape(demanding()));
        subject(Arc::new(Bent::new(side.clone(), habit)), side)
    })
    .await;
    report.broken.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn every_bad_habit_is_caught_by_the_check_for_it() {
    for (habit, checks) in CAUGHT {
        let broken = broken_by(*habit).await;
        for check in *checks {
            assert!(broken.contains_key(check), "{habit:?} is not caught by {check}, only by {broken:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_bad_habits_is_not_caught() {
    assert_eq!(broken_by(Habit::None).await, BTreeMap::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_called_off_may_stay_listed() {
    assert_eq!(broken_by(Habit::CallsOff).await, BTreeMap::new());
}

#[test]
fn every_check_catches_something() {
    let catching: BTreeSet<&str> = CAUGHT.iter().flat_map(|(_, checks)| *checks).copied().collect();
    let all: BTreeSet<&str> = endpoint_checks().iter().map(EndpointCheck::name).collect();
    assert_eq!(catching, all);
}

#[tokio::test]
#[should_panic(expected = "- a listing has one end and nothing after it: the listing has 2 ends")]
async fn the_suite_says_what_the_contract_wants() {
    endpoint_suite(async || {
        let side = side(demanding());
        subject(Arc::new(Bent::new(side.clone(), Habit::EndsTwice)), side)
    })
    .await;
}

#[test]
#[should_panic(expected = "the checks need three samples")]
fn two_samples_are_too_few() {
    let side = side(full());
    let [first, second, _] = samples();
    let _ = Subject::new(Arc::new(side.clone()), Arc::new(side), Arc::new(PersonSchema::default()), [first, second]);
}

#[test]
fn unused_ids_are_unused() {
    let side = side(full());
    let id = side.add(&person::KIND, &[("family_name", "Muster")]);
    assert_ne!(side.unused_id(&person::KIND), id);
    assert_eq!(id, RecordId::from_static("M1"));
}
