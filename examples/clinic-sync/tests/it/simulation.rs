//! The service in a world in which everything goes wrong.

use std::fmt::Write as _;

use clinic_sync::simulate::{History, Many, minimised, play, play_many};

/// As many seeds as two free cores play in a minute.
const SEEDS: u64 = 500;

#[test]
fn the_same_seed_is_the_same_run_and_another_one_is_not() {
    let digest = |seed| play(&History::of(seed)).unwrap().trace.digest();
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

#[test]
fn whatever_goes_wrong_in_hundreds_of_histories_every_promise_is_kept() {
    let many = play_many(1..SEEDS + 1, 2).unwrap();
    assert_eq!(many.findings, [], "{}", told(&many));
    assert_eq!(many.coverage.missing(), [], "this never went wrong, though it could\n{}", many.coverage);
    assert!(many.coverage.kinds() >= 24, "{} kinds of faults", many.coverage.kinds());
    assert!(many.least_faults >= 15, "{} faults in a history", many.least_faults);
    assert!(many.least_actions >= 60, "{} actions in a history", many.least_actions);
    assert!(many.least_people >= 8, "{} people in a history", many.least_people);
    assert!(many.least_appointments >= 10, "{} appointments in a history", many.least_appointments);
}

/// What was found, the shortest history that shows the first of it, and how to see it again.
fn told(many: &Many) -> String {
    let mut text = String::new();
    for (seed, finding) in &many.findings {
        writeln!(text, "{seed}: {}: {}", finding.invariant, finding.what).unwrap();
    }
    let Some((seed, finding)) = many.findings.first() else { return text };
    for step in minimised(&History::of(*seed), finding.invariant).unwrap().iter().flat_map(|least| &least.history.steps) {
        writeln!(text, "  {step}").unwrap();
    }
    writeln!(text, "clinic-sync simulate --seed {seed}").unwrap();
    text
}
