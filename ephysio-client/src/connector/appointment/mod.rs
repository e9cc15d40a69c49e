//! e-Physio's calendar for `sync-core`: a [`Source`](sync_core::Source) and a [`Sink`](sync_core::Sink) of the kind `appointment`.
//!
//! Entries without a patient are not shown at all. Practitioners, services and statuses that are not configured stay unknown:
//! nothing in e-Physio's interface says what its numbers mean.

mod clocks;
mod invoices;
mod lens;
mod settings;
mod sink;
mod source;
mod steps;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sync_core::vocabulary::appointment::{END, KIND, PRACTITIONER, SERVICE, START, STATUS};
use sync_core::{Absence, Description, Error, ErrorKind, FieldName, FieldSupport, Kind, Result, Support};

use crate::Client;
use clocks::Clocks;
use invoices::Invoices;
use lens::Lens;
use window::Window;

pub use settings::{Practitioner, Settings};

/// The appointments of one practice as records of the kind `appointment`.
pub struct Connector {
    client: Client,
    settings: Settings,
    description: Description,
    lens: Lens,
    window: Window,
    invoices: Invoices,
    clocks: Clocks,
}

impl Connector {
    /// A connector on top of a client. Changes are possible as far as the client's
    /// [`update_event`](crate::Operations::update_event), [`move_event`](crate::Operations::move_event) and
    /// [`cancel_event`](crate::Operations::cancel_event) are enabled.
    ///
    /// # Errors
    /// A `Configuration` error that names what cannot be meant: two practitioners with one calendar, a status that the vocabulary
    /// does not have, invoices to be created without a template.
    pub fn new(client: Client, settings: Settings) -> Result<Self> {
        settings.check(&client)?;
        let clock = client.practice_clock();
        Ok(Self {
            description: describe(&client, &settings),
            lens: Lens::new(settings.clone(), clock),
            window: Window::new(&settings, clock),
            invoices: Invoices::default(),
            clocks: Clocks::default(),
            client,
            settings,
        })
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn check_kind(&self, kind: &Kind) -> Result<()> {
        if *kind == self.description.kind {
            return Ok(());
        }
        let unknown = Error::permanent(ErrorKind::Configuration, "e-Physio's connector for appointments does not know this kind");
        Err(unknown.with_context("kind", kind.as_str()))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("client", &self.client).finish_non_exhaustive()
    }
}

fn describe(client: &Client, settings: &Settings) -> Description {
    let operations = client.operations();
    let support = |is_enabled| if is_enabled { Support::Enabled } else { Support::Manual };
    let changes = [&operations.update_event, &operations.move_event, &operations.cancel_event];
    let mut required = vec![START, END, PRACTITIONER];
    required.extend(settings.default_service.is_none().then_some(SERVICE));
    Description {
        kind: KIND,
        system: "e-Physio",
        fields: fields(),
        required,
        unique: BTreeSet::new(),
        single_read: false,
        lag: settings.lag,
        absence: Absence::Gone,
        search: BTreeSet::new(),
        // No member of an event is known that a caller may fill with text.
        carries_token: false,
        create: Support::Enabled,
        update: support(changes.into_iter().any(crate::Operation::is_enabled)),
        by_hand: steps::by_hand(operations),
        remove: support(operations.cancel_event.is_enabled()),
        settle: settings.settle,
        parallel: settings.parallel.max(1),
    }
}

fn fields() -> BTreeMap<FieldName, FieldSupport> {
    // An event has all of them, so none can be emptied. What a number means may be unknown; then absence proves nothing.
    let shown = FieldSupport { clear: false, ..FieldSupport::FULL };
    let may_be_unknown = FieldSupport { listed: false, ..shown };
    [(START, shown), (END, shown), (STATUS, may_be_unknown), (PRACTITIONER, may_be_unknown), (SERVICE, may_be_unknown)].into()
}
