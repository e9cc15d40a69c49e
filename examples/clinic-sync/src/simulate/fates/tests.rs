//! What is said about edits under several rules. Under all of them every promise is kept.

use std::sync::Arc;

use super::*;
use crate::Settings;
use crate::simulate::tamper::Untouched;
use crate::simulate::{History, Rules, play, played, told};

const CONSENT: &str = "[patients]\nconsent = \"all_active_patients\"\n";
const CALENDAR: &str = "[appointments.practitioners]\nanna = { client_id = 1, admin_info_id = 2 }\n\
                        [[appointments.calendars]]\ncalendar_id = \"mine\"\npractitioner = \"anna\"\n";
const CAN_UPDATE: &str = "[ephysio.operations.update_patient]\nsupport = \"enabled\"\nmethod = \"PUT\"\n\
                          path = \"/patients/{id}\"\nbody = \"patch\"\n";

fn rules(text: &str) -> Rules {
    Rules::of(&Settings::parse(text).unwrap()).unwrap()
}

/// What becomes of edits in a few histories under the rules of this file.
fn fates(text: &str) -> Fates {
    let rules = Arc::new(rules(text));
    let mut all = Fates::default();
    for seed in 1..5 {
        let told = told(played(&History::of(seed).under(Some(rules.clone())), Arc::new(Untouched)).unwrap());
        assert_eq!(told.findings, [], "seed {seed} under {text}");
        all.add(&told.fates.unwrap());
    }
    all
}

/// The same rule for all that flows both ways.
fn for_all(rule: &str) -> String {
    let fields = ["given_name", "family_name", "email", "phone"];
    let tables = fields.map(|field| format!("[patients.fields.{field}]\n{rule}\n"));
    format!("{CONSENT}{CAN_UPDATE}{}", tables.concat())
}

fn of_people(fates: &Fates, side: Side, fate: Fate) -> usize {
    let here = |((family, _, at), what): &(Edited, Fate)| *family == Family::Person && *at == side && *what == fate;
    fates.edits.iter().filter(|(key, _)| here(key)).map(|(_, count)| count).sum()
}

#[test]
fn who_wins_by_the_rules_wins_and_nobody_is_asked() {
    for (rule, winner) in [("prefer_left", Side::Left), ("prefer_right", Side::Right)] {
        let fates = fates(&for_all(&format!("conflict = \"{rule}\"")));
        assert!(of_people(&fates, winner.opposite(), Fate::Overruled) > 5, "{rule}: {fates:?}");
        assert_eq!(of_people(&fates, winner, Fate::Overruled), 0, "{rule}");
        assert_eq!(fates.asked.get("conflict"), None, "{rule}");
    }
}

#[test]
fn a_conflict_that_is_to_be_asked_about_lets_nobody_win() {
    let fates = fates(&for_all("conflict = \"review\""));
    assert_eq!(Side::BOTH.map(|side| of_people(&fates, side, Fate::Overruled)), [0, 0]);
    assert!(fates.asked["conflict"] > 0 && Side::BOTH.iter().all(|side| of_people(&fates, *side, Fate::Asked) > 0), "{fates:?}");
}

#[test]
fn what_flows_one_way_stays_where_it_may_not_flow() {
    let fates = fates(&for_all("direction = \"left_to_right\""));
    assert!(of_people(&fates, Side::Left, Fate::Arrived) > 5, "{fates:?}");
    assert!(of_people(&fates, Side::Right, Fate::Stays) > 0, "{fates:?}");
    assert_eq!(of_people(&fates, Side::Left, Fate::Stays), 0);
}

#[test]
fn people_without_consent_are_held_back() {
    let passed = |consent: &str| fates(&CONSENT.replace("all_active_patients", consent)).held_back;
    let (all, some, none) = (passed("all_active_patients"), passed("email_consent"), passed("nobody"));
    assert_eq!(all.left, 0);
    assert!(0 < some.left && some.left < none.left, "{some:?} {none:?}");
    // No tag lets a contact pass either.
    assert!(all.right > 0, "{all:?}");
}

#[test]
fn a_brake_that_stops_a_run_is_counted() {
    let tight = format!("{CONSENT}[patients.update_brake]\nmax = 2\nfloor = 0\npercent = 100\n");
    assert!(fates(&tight).brakes.0 > 0);
    assert_eq!(fates(CONSENT).brakes.0, 0);
}

#[test]
fn appointments_count_where_there_are_calendars() {
    let times = |text: &str| fates(text).edited().into_iter().filter(|(family, ..)| *family == Family::Appointment).count();
    assert_eq!(times(CONSENT), 0);
    assert!(times(&format!("{CONSENT}{CALENDAR}")) >= 3);
    let one_way = ["start", "end", "status"].map(|field| format!("[appointments.fields.{field}]\ndirection = \"left_to_right\"\n"));
    let moved = fates(&format!("{CONSENT}{CALENDAR}{}", one_way.concat()));
    let arrived = Side::BOTH.map(|side| moved.count((Family::Appointment, "start", side), Fate::Arrived));
    assert!(arrived[0] > 0 && arrived[1] == 0, "{arrived:?}");
}

#[test]
fn what_a_person_is_asked_about_instead_breaks_no_promise() {
    let asking = "[patients]\nconsent = \"email_consent\"\nshared_identifier = \"review\"\n";
    let braked = format!("{asking}{CAN_UPDATE}[patients.update_brake]\nmax = 2\nfloor = 1\npercent = 1\n");
    // An update that another record's value stops, and two records that may be the same and are noticed at once or one by one.
    for (seed, text) in [(10, braked), (13, asking.to_owned())] {
        let history = History::of(seed).under(Some(Arc::new(rules(&text))));
        assert_eq!(play(&history).unwrap().findings, [], "seed {seed} under {text}");
    }
}

#[test]
fn what_cannot_be_simulated_is_named() {
    let custom = format!("{CONSENT}[patients.fields.\"custom:shoe_size\"]\ndirection = \"both\"\n");
    assert_eq!(rules(&custom).left_out(), ["custom:shoe_size"]);
}
