//! The suites keep the in-memory store to its contract, and catch stores that break it.

mod bent;

use std::collections::BTreeSet;

use bent::{Bent, Habit};

use super::*;
use crate::MemoryStore;

/// Which check catches which bad habit. Others may catch it too.
const CAUGHT: &[(Habit, &[&str])] = &[
    (Habit::RefusesEmptyCommits, &["an_empty_store_has_nothing"]),
    (Habit::DropsTheLineage, &["a_link_comes_back_as_it_was_committed", "many_links_go_in_one_commit"]),
    (Habit::CountsFromZero, &["a_commit_counts_the_version"]),
    (Habit::LastWriterWins, &["a_stale_version_commits_nothing", "a_commit_is_all_or_nothing"]),
    (Habit::InsertsWhatIsNotThere, &["an_unknown_link_cannot_be_replaced"]),
    (Habit::ReplacesOnInsert, &["an_id_is_inserted_once"]),
    (Habit::SharesEnds, &["an_end_belongs_to_one_link_only"]),
    (Habit::CommitsLinkByLink, &["an_end_moves_between_links_in_one_commit", "a_commit_is_all_or_nothing"]),
    (Habit::RemovesLast, &["joining_two_half_links_is_one_commit"]),
    (Habit::RemovesAnyVersion, &["a_stale_removal_commits_nothing"]),
    (Habit::NotesBeforeChecking, &["a_commit_is_all_or_nothing"]),
    (
        Habit::OneTenantForAll,
        &["tenants_do_not_see_each_other", "a_tenants_lease_says_nothing_about_another_tenant", "tenants_do_not_see_each_others_hints"],
    ),
    (Habit::PagesFromTheStart, &["heads_come_in_order_and_page"]),
    (Habit::HeadsWithoutIntents, &["heads_tell_what_the_link_tells"]),
    (Habit::LinksInAnyOrder, &["links_are_found_by_ids_and_ends"]),
    (Habit::MarksOfAnyScheme, &["links_are_found_by_marks"]),
    (Habit::ForgetsTokensOfDoneCreates, &["links_are_found_by_token_and_open_intent"]),
    (Habit::ReadsAHundredLinks, &["many_links_go_in_one_commit"]),
    (Habit::ReopensReviews, &["reviews_keep_their_opening_time_and_close"]),
    (Habit::ReviewsOfEveryKind, &["reviews_are_found_by_id_kind_and_link"]),
    (Habit::AlwaysUnseals, &["values_are_returned_only_when_asked_for"]),
    (Habit::RunsOldestFirst, &["runs_come_newest_first_and_are_replaced"]),
    (Habit::JournalNewestFirst, &["the_journal_keeps_its_order"]),
    (Habit::PreImagesGoWithTheLink, &["pre_images_keep_their_values"]),
    (Habit::KeepsErased, &["erasing_a_person_forgets_the_values"]),
    (Habit::LeasesToAnybody, &["one_holder_at_a_time_and_the_other_is_told_who"]),
    (Habit::RenewsUnderANewFence, &["the_holder_renews_under_the_same_fence"]),
    (Habit::OneFenceForAll, &["a_lease_that_ran_out_is_taken_under_a_higher_fence", "a_released_lease_is_free_and_the_fence_still_rises"]),
    (Habit::ReleasesForAnybody, &["a_late_release_takes_nothing_from_the_successor"]),
    (Habit::IgnoresFences, &["a_lost_lease_cannot_commit", "a_released_lease_cannot_commit"]),
    (Habit::FencesEverything, &["a_held_lease_commits"]),
    (Habit::CountsHintsNotRecords, &["hints_for_one_record_coalesce"]),
    (Habit::FoldsIds, &["hints_with_different_keys_stay_apart"]),
    (Habit::FirstComeFirstServed, &["live_goes_before_backfill", "a_live_hint_hurries_a_waiting_backfill"]),
    (Habit::IgnoresTheLimit, &["the_oldest_goes_first_and_the_limit_holds"]),
    (Habit::HandsOutWhatIsTaken, &["a_taken_hint_is_invisible_until_it_is_handled"]),
    (Habit::LosesWhatIsTaken, &["a_taken_hint_comes_back_after_its_time"]),
    (Habit::DropsHintsDuringWork, &["a_hint_during_its_work_runs_once_more", "a_hint_during_the_last_attempt_is_not_given_up_with_it"]),
    (Habit::ForgetsNothing, &["hints_from_before_a_sweep_are_dropped"]),
    (Habit::CountsWaits, &["a_wait_comes_back_in_time_and_counts_nothing"]),
    (Habit::ReclaimsNothing, &["what_was_taken_and_never_handled_can_be_reclaimed"]),
    (Habit::BlamesEveryone, &["of_several_that_are_reclaimed_none_is_to_blame"]),
    (Habit::ReceivesAgain, &["a_delivery_counts_once_for_a_week"]),
    (Habit::RetriesAtOnce, &["a_retry_waits_for_its_time_and_counts"]),
    (Habit::RetriesAsNew, &["new_hints_reset_neither_attempts_nor_delay"]),
    (Habit::ReplaysNothing, &["dead_hints_wait_for_replay"]),
    (Habit::StaysDead, &["a_new_hint_revives_a_dead_one"]),
    (Habit::LateOutcomesComeBack, &["handling_an_unknown_hint_does_nothing"]),
    (Habit::WakesNothing, &["a_commit_wakes_hints_at_once"]),
    (Habit::WakesBeforeChecking, &["a_stale_commit_wakes_nothing"]),
];

async fn broken_by(habit: Habit) -> Vec<&'static str> {
    failures(&store_checks(), async || Bent::new(habit)).await
}

#[tokio::test]
async fn the_memory_store_keeps_its_contract() {
    store_suite(async || MemoryStore::new()).await;
}

#[tokio::test]
async fn every_bad_habit_of_a_store_is_caught_by_the_check_for_it() {
    for (habit, checks) in CAUGHT {
        let broken = broken_by(*habit).await;
        for check in *checks {
            assert!(broken.contains(check), "{habit:?} is not caught by {check}, only by {broken:?}");
        }
    }
}

#[tokio::test]
async fn a_store_without_bad_habits_is_not_caught() {
    assert_eq!(broken_by(Habit::None).await, [""; 0]);
}

#[test]
fn every_check_of_a_store_catches_something() {
    let catching: BTreeSet<&str> = CAUGHT.iter().flat_map(|(_, checks)| *checks).copied().collect();
    let all: BTreeSet<&str> = store_checks().iter().map(Check::name).collect();
    assert_eq!(catching, all);
}

#[tokio::test]
#[should_panic(expected = "the store breaks its contract: a_lost_lease_cannot_commit, a_released_lease_cannot_commit")]
async fn the_suite_names_every_check_that_failed() {
    store_suite(async || Bent::new(Habit::IgnoresFences)).await;
}

#[test]
fn the_documentation_lists_every_check_and_no_other() {
    let listed = include_str!("README.md").lines().filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`'));
    let (stores, endpoints) = (store_checks(), endpoint_checks());
    let all = stores.iter().map(Check::name).chain(endpoints.iter().map(EndpointCheck::name));
    assert_eq!(listed.collect::<Vec<_>>(), all.collect::<Vec<_>>());
}
