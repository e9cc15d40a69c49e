//! The suite of `sync-core`, under the answers that the unknowns of e-Physio may have.

use std::sync::Arc;
use std::time::Duration;

use ephysio_client::connector::appointment::{Connector, Settings};
use ephysio_client::{ClockFields, Operations};
use ephysio_emulator::{Blank, CancelEvent, EventAnswer, EventQuirks, EventWindow, Ids, InvoiceQuirks, InvoiceShape, Quirks, UpdateEvent};
use sync_core::Fields;
use sync_core::testing::{Subject, endpoint_suite};
use sync_core::vocabulary::appointment::{AppointmentSchema, END, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::vocabulary::person;

use super::calendar::Calendar;
use super::{CANCEL, MOVE, UPDATE, patient, physio, quirks, settings, template};
use crate::connector::fields;
use crate::{client_with, emulator};

fn full() -> Fields {
    let mut full = physio("2027-02-01T08:00:00Z");
    full.set(STATUS, sync_core::Field::Value("planned"));
    full
}

/// It ends after the first one, so that each of its values can be set alone, in the order of their names.
fn other() -> Fields {
    fields(&[
        (START, "2027-07-02T14:00:00Z"),
        (END, "2027-07-02T14:45:00Z"),
        (STATUS, "confirmed"),
        (PRACTITIONER, "beat"),
        (SERVICE, "lymph drainage"),
    ])
}

/// With numbers that nobody has configured.
fn barely_known() -> Fields {
    fields(&[(START, "2027-03-01T06:00:00Z"), (END, "2027-03-01T06:15:00Z")])
}

fn subject(quirks: &Quirks, operations: &str, clock_fields: ClockFields, settings: &Settings) -> Subject {
    let emulator = emulator(quirks.clone());
    let operations: Operations = toml::from_str(operations).unwrap();
    let client = client_with(&emulator, |config| {
        config.operations = operations;
        config.clock_fields = clock_fields;
        template(config);
    });
    let patient = if settings.create_invoice { emulator.practice().populate(1)[0] } else { patient(&emulator) };
    let connector = Connector::new(client, settings.clone()).unwrap();
    let samples = [full(), other(), barely_known()];
    Subject::new(Arc::new(connector), Arc::new(Calendar(emulator)), Arc::new(AppointmentSchema), samples)
        .with_reference(person::KIND, patient.to_string().as_str().into())
}

#[tokio::test(start_paused = true)]
async fn with_nothing_but_creates() {
    for events in [EventQuirks::default(), EventQuirks { window: EventWindow::StartsInside, ..EventQuirks::default() }] {
        endpoint_suite(async || subject(&quirks(events.clone()), "", ClockFields::Zone, &settings())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_call_for_each_change_and_what_changes_in_its_body() {
    let events = EventQuirks { update: UpdateEvent::PutToPath, cancel: CancelEvent::DeleteAtPath, ..EventQuirks::default() };
    let operations = [UPDATE, MOVE, CANCEL].concat();
    endpoint_suite(async || subject(&quirks(events.clone()), &operations, ClockFields::Zone, &settings())).await;
}

#[tokio::test(start_paused = true)]
async fn with_one_call_for_everything_that_has_to_name_everything_and_hours_that_count() {
    let events = EventQuirks {
        update: UpdateEvent::PostWithIds,
        cancel: CancelEvent::DeleteWithIds,
        answer: EventAnswer::EventsAlone,
        clock_fields: ephysio_emulator::ClockFields::Local,
        double_booking: false,
        ..EventQuirks::default()
    };
    let invoices = InvoiceQuirks { shape: InvoiceShape::ObjectIfOne, ..InvoiceQuirks::default() };
    let quirks = Quirks { ids: Ids::Strings, blank: Blank::Absent, created_status: 201, invoices, ..quirks(events) };
    let operations: String = [("update", "POST", "full"), ("cancel", "DELETE", "none")]
        .map(|(name, method, body)| {
            format!(
                "[{name}_event]\nsupport = 'enabled'\nmethod = '{method}'\npath = '/events'\nbody = '{body}'\n\
                 query = {{ ids = '{{id}}', isCancelMultiUser = 'false', changeSeries = 'false', changeAllDescriptions = 'false' }}\n"
            )
        })
        .concat();
    endpoint_suite(async || subject(&quirks, &operations, ClockFields::Zone, &settings())).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_lag_hours_in_utc_and_invoices_that_are_created() {
    let events = EventQuirks { clock_fields: ephysio_emulator::ClockFields::Utc, update: UpdateEvent::PutToPath, ..EventQuirks::default() };
    let quirks = Quirks { list_lag: Duration::from_secs(30), ..quirks(events) };
    let settings = Settings { lag: Duration::from_secs(30), create_invoice: true, ..settings() };
    endpoint_suite(async || subject(&quirks, MOVE, ClockFields::Utc, &settings)).await;
}
