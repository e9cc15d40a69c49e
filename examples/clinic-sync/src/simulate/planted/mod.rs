//! A bug for every invariant, which the simulation has to find.

mod bent;
mod connectors;
mod surroundings;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::invariants::ALL;
use super::minimise::{minimised_under, without};
use super::tamper::{Tamper, Untouched};
use super::{History, judged, played, told};

/// So many seeds may pass before a bug is found. Each test begins at one that is known to find it.
const PATIENCE: u64 = 20;

/// Bugs, each with the invariant that it breaks, and the first seed that finds it.
macro_rules! planted {
    ($($test:ident: $invariant:literal, $seed:literal, $bug:path;)+) => {
        $(#[test]
        fn $test() {
            assert_is_found($invariant, $seed, $bug);
        })+

        #[test]
        fn every_invariant_has_a_bug_that_breaks_it() {
            let broken = BTreeSet::from([$($invariant),+]);
            assert_eq!(broken, ALL.iter().map(|(name, _)| *name).collect());
        }
    };
}

planted! {
    a_store_that_drops_questions_lets_both_sides_differ: "convergence", 3, surroundings::unasked;
    connectors_that_add_to_what_they_write_never_come_to_rest: "quiescence", 3, connectors::dots;
    rules_that_settle_conflicts_on_their_own_lose_edits: "no_silent_loss", 3, surroundings::partial;
    a_connector_that_sends_whole_records_writes_what_nobody_asked_for: "field_non_interference", 1, connectors::whole;
    a_create_that_is_sent_again_makes_two: "at_most_one_create", 3, connectors::again;
    a_commit_that_is_torn_by_a_crash_ends_otherwise: "crash_prefix_equivalence", 10, surroundings::torn;
    a_read_that_shows_less_than_a_listing_makes_webhooks_matter: "event_order_independence", 1, connectors::phoneless;
    a_listing_that_stops_too_early_leaves_somebody_out: "cursor_soundness", 1, connectors::short;
    a_listing_that_forgets_records_removes_their_counterparts: "deletion_needs_evidence", 1, connectors::forgetful;
    an_appointment_for_the_person_before_belongs_to_two: "referential_order", 3, connectors::off_by_one;
    a_store_that_writes_nothing_down_does_not_do_what_was_planned: "plan_fidelity", 3, surroundings::unrecorded;
    a_refusal_that_repeats_a_name_tells_it_to_everybody: "isolation_and_privacy", 1, connectors::repeating;
    a_connector_that_logs_what_it_sends_tells_it_to_everybody: "isolation_and_privacy", 1, connectors::talkative;
    a_commit_that_goes_to_another_practice_is_seen_there: "isolation_and_privacy", 1, surroundings::astray;
    appointments_that_are_not_made_quietly_send_messages: "quiet_writes", 1, surroundings::loud;
    a_connector_that_takes_summer_for_winter_moves_appointments: "time_fidelity", 1, connectors::winter;
}

/// The bug is found, in the world of its seed, and without it nothing is.
fn assert_is_found(invariant: &str, from: u64, bug: fn() -> Arc<dyn Tamper>) {
    let found = (from..from + PATIENCE).find(|seed| is_broken(invariant, *seed, bug()));
    let seed = found.unwrap_or_else(|| panic!("no seed from {from} to {} breaks {invariant}", from + PATIENCE));
    assert!(!is_broken(invariant, seed, Arc::new(Untouched)), "seed {seed} breaks {invariant} without any bug");
}

fn is_broken(invariant: &str, seed: u64, tamper: Arc<dyn Tamper>) -> bool {
    let history = History::of(seed);
    let compares = ["crash_prefix_equivalence", "event_order_independence"].contains(&invariant);
    let judged = if compares { judged(&history, &tamper) } else { played(&history, tamper).map(told) };
    judged.unwrap().findings.iter().any(|finding| finding.invariant == invariant)
}

#[test]
fn a_broken_promise_is_told_with_as_little_as_it_takes() {
    for (invariant, seed, bug) in
        [("convergence", 3, surroundings::unasked as fn() -> Arc<dyn Tamper>), ("at_most_one_create", 3, connectors::again)]
    {
        let whole = History::of(seed);
        let breaks = |history: &History| {
            let findings = told(played(history, bug()).unwrap()).findings;
            findings.iter().any(|finding| finding.invariant == invariant)
        };
        let least = minimised_under(&whole, invariant, &bug).unwrap().unwrap();
        let steps = &least.history.steps;
        assert!(least.is_least && breaks(&least.history), "{invariant}: {steps:?}");
        assert!(steps.len() * 10 < whole.steps.len(), "{} of {} steps", steps.len(), whole.steps.len());
        for at in 0..steps.len() {
            let less = History { steps: without(steps, at, 1), ..least.history.clone() };
            assert!(!breaks(&less), "{invariant} does not need {}", steps[at]);
        }
    }
}
