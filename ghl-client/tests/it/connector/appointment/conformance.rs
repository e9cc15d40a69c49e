//! The suite of `sync-core`, under the settings that a location may have.

use std::sync::Arc;

use ghl_client::connector::appointment::{Connector, Settings};
use ghl_client::{SlotCheck, Version};
use sync_core::testing::{Subject, endpoint_report, endpoint_suite};
use sync_core::vocabulary::appointment::{AppointmentSchema, END, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::vocabulary::person;
use sync_core::{Fields, RecordId};

use super::staff::Reception;
use super::{HALF_PAST, NINE, Practice, TEN, fields, planned};

const ELEVEN: &str = "2026-12-01T10:00:00Z";
const NOON: &str = "2026-12-01T11:00:00Z";

fn subject(practice: Practice, connector: Connector, samples: [Fields; 3]) -> Subject {
    let staff = Reception { emulator: practice.emulator, rows: practice.rows };
    let subject = Subject::new(Arc::new(connector), Arc::new(staff), Arc::new(AppointmentSchema), samples);
    subject.with_reference(person::KIND, RecordId::new(practice.contact))
}

/// With all fields, and no value in common.
fn served() -> [Fields; 3] {
    let sample = |start, end, status, practitioner, service| {
        fields(&[(START, start), (END, end), (STATUS, status), (PRACTITIONER, practitioner), (SERVICE, service)])
    };
    [
        sample(NINE, HALF_PAST, "planned", "anja keller", "physio therapy"),
        sample(TEN, ELEVEN, "attended", "beat meier", "sports massage"),
        sample("2026-11-20T08:00:00Z", "2026-11-20T09:30:00Z", "no_show", "anja keller", "sports massage"),
    ]
}

/// In one calendar, so that they can stand in each other's way.
fn unserved() -> [Fields; 3] {
    let mut other = planned(TEN, ELEVEN);
    other.set(STATUS, sync_core::Field::Value("attended"));
    [planned(NINE, HALF_PAST), other, planned(ELEVEN, NOON)]
}

fn checking(practice: &Practice) -> Settings {
    Settings { slot_check: SlotCheck::Full, ..practice.settings() }
}

#[tokio::test(start_paused = true)]
async fn with_calendars_by_service() {
    endpoint_suite(async || {
        let practice = Practice::with_services(&["physio therapy", "sports massage"]);
        let connector = practice.connector();
        subject(practice, connector, served())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn under_v3_where_what_was_deleted_is_listed_as_such() {
    endpoint_suite(async || {
        let practice = Practice::with_services(&["physio therapy", "sports massage"]);
        let connector = practice.connector_of(Version::V3, practice.settings());
        subject(practice, connector, served())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn where_only_free_slots_are_taken() {
    let report = endpoint_report(async || {
        let practice = Practice::new();
        let connector = practice.connector_with(checking(&practice));
        subject(practice, connector, unserved())
    })
    .await;
    assert!(report.broken.is_empty(), "{report}");
    for asked in ["a_create_of_a_taken_value_names_the_other_record", "an_update_to_a_taken_value_names_the_other_record"] {
        assert!(report.kept.contains(&asked), "{asked} was not asked");
    }
}
