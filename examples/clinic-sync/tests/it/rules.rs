//! The simulation under somebody's own settings.

use crate::house::House;

const RULES: &str = "[patients]\nconsent = \"all_active_patients\"\n[patients.fields.email]\nconflict = \"prefer_right\"\n";

#[tokio::test]
async fn a_settings_file_without_accounts_says_what_would_happen_to_whose_edits() {
    let (house, _) = House::of(0).await;
    let ran = house.run_with(RULES, &["simulate", "--from", "1", "--seeds", "3"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.says(&["3 simulated practices under your rules", "family_name", "lost to a rule", "0 of 3 seeds broke"]), "{ran:?}");
    assert!(ran.says(&["Appointments were left out", "a field was edited on both sides, differently"]), "{ran:?}");
    for value in ["wert.", "Nachname", "Vorname", "+4179"] {
        assert!(!ran.out.contains(value), "{value} is told: {ran:?}");
    }
}

#[tokio::test]
async fn one_seed_can_be_played_under_a_settings_file() {
    let (house, _) = House::of(0).await;
    let ran = house.run_with(RULES, &["simulate", "--seed", "1"]).await;
    assert!(ran.code == Some(0) && ran.says(&["settle\n", "1 simulated practices under your rules"]), "{ran:?}");
}

#[tokio::test]
async fn rules_that_mean_nothing_are_refused_as_by_a_sync() {
    let (house, _) = House::of(0).await;
    for (text, problem) in [
        ("[patients]\nhat = 1\n", "line 2: unknown field `hat`"),
        ("[patients]\nregion = \"CH\"\n", "no consent rule is set"),
        ("[patients]\nconsent = \"nobody\"\nregion = \"xx\"\n", "region = \"xx\" is no country code"),
        ("[patients]\nconsent = \"nobody\"\n[patients.fields.salutation]\ndirection = \"both\"\n", "GHL does not have it"),
    ] {
        let ran = house.run_with(text, &["simulate", "--seeds", "1"]).await;
        assert!(ran.code == Some(1) && ran.err.contains(problem), "{ran:?}");
    }
}
