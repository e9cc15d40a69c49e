//! GHL's appointments for `sync-core`: a [`Source`](sync_core::Source) and a [`Sink`](sync_core::Sink) of the kind `appointment`.
//!
//! A calendar stands for a practitioner, and perhaps for one service. Of all calendars, only those in the
//! [settings](Settings::calendars) are read and written.

mod lens;
mod sink;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use sync_core::vocabulary::appointment as vocabulary;
use sync_core::vocabulary::appointment::status;
use sync_core::{Absence, Description, FieldName, FieldSupport, Kind, Result, Support};
use sync_http::{Shown, WallClock};

use super::{check_kind, failed};
use crate::{AppointmentStatus, Calendar, Client, SlotCheck};
use lens::Lens;

/// What one of GHL's calendars stands for. Its debug output shows ids only: practitioners are often named by their names.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarRow {
    /// The id of the calendar in GHL.
    pub calendar_id: String,
    /// The user whom its appointments are assigned to, one of the calendar's team. Calendars with several members need it, and
    /// so does every move from one calendar to another.
    pub user_id: Option<String>,
    /// The practitioner, by the name in the vocabulary.
    pub practitioner: String,
    /// The service, by its name in the vocabulary; without one, the calendar serves any, and shows none.
    pub service: Option<String>,
}

/// How the connector behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which calendar stands for which practitioner and service.
    pub calendars: Vec<CalendarRow>,
    /// What GHL's statuses mean in the vocabulary, whatever their case. What is not in here is unknown.
    pub statuses: BTreeMap<String, String>,
    /// How the vocabulary's statuses are written. One that [reads back](Self::statuses) as another, as `confirmed` does by
    /// default, shows as the other afterwards.
    pub written_statuses: BTreeMap<String, AppointmentStatus>,
    /// The title of created appointments. It is for everybody who sees the calendar: no diagnosis, no name, no id.
    pub title: String,
    /// Which times GHL takes. With [`SlotCheck::None`] the other system is believed, and nothing stops a double booking.
    pub slot_check: SlotCheck,
    /// How many days back appointments are listed.
    pub past_days: u32,
    /// How many days ahead appointments are listed.
    pub future_days: u32,
    /// How late a change may show in a listing. GHL documents nothing of the kind for calendars.
    pub lag: Duration,
    /// How long after a create of unknown outcome the appointment may still appear.
    pub settle: Duration,
    /// How many writes may be under way at once.
    pub parallel: usize,
}

impl Default for Settings {
    fn default() -> Self {
        use AppointmentStatus::{Cancelled, Confirmed, NoShow, Showed};
        let read = [
            ("new", status::PLANNED),
            // So older answers say.
            ("booked", status::PLANNED),
            ("confirmed", status::PLANNED),
            ("showed", status::ATTENDED),
            ("noshow", status::NO_SHOW),
            ("cancelled", status::CANCELLED),
            ("invalid", status::CANCELLED),
        ];
        let written = [
            (status::PLANNED, Confirmed),
            (status::CONFIRMED, Confirmed),
            (status::ATTENDED, Showed),
            (status::NO_SHOW, NoShow),
            (status::CANCELLED, Cancelled),
        ];
        Self {
            calendars: Vec::new(),
            statuses: read.map(|(shown, meaning)| (shown.to_owned(), meaning.to_owned())).into(),
            written_statuses: written.map(|(meaning, written)| (meaning.to_owned(), written)).into(),
            title: "Termin".to_owned(),
            slot_check: SlotCheck::None,
            past_days: 30,
            future_days: 365,
            lag: Duration::from_secs(10),
            settle: Duration::from_secs(600),
            parallel: 8,
        }
    }
}

/// The appointments in some calendars of one location as records of the kind `appointment`. Their parents are contacts.
pub struct Connector {
    client: Client,
    settings: Settings,
    description: Description,
    lens: Lens,
    clock: WallClock,
}

impl Connector {
    /// A connector on top of a client. Asks nothing.
    ///
    /// # Errors
    /// When a calendar is mapped twice, two calendars stand for one practitioner and service, or a status is none of the
    /// vocabulary's.
    pub fn new(client: Client, settings: Settings) -> Result<Self> {
        let lens = Lens::new(&settings)?;
        let description = describe(&settings, lens.has_services());
        Ok(Self { client, settings, description, lens, clock: WallClock::system() })
    }

    /// Tells the time, by which the window of the listing moves, by another clock than the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: WallClock) -> Self {
        self.clock = clock;
        self
    }

    /// What the settings name and GHL does not have, and what GHL will refuse, as sentences. Empty if all is well.
    ///
    /// # Errors
    /// When GHL cannot be asked.
    pub async fn problems(&self) -> Result<Vec<String>> {
        let calendars = self.client.calendars().await.map_err(failed)?;
        let problem = |row: &CalendarRow| {
            let calendar = calendars.iter().find(|calendar| calendar.id == row.calendar_id);
            let why = calendar.map_or(Some("GHL has no such calendar"), |calendar| self.trouble(row, calendar))?;
            Some(format!("calendar {} for {}: {why}", row.calendar_id, row.practitioner))
        };
        Ok(self.settings.calendars.iter().filter_map(problem).collect())
    }

    fn trouble(&self, row: &CalendarRow, calendar: &Calendar) -> Option<&'static str> {
        let team = calendar.team_members.value().map_or(0, Vec::len);
        let moves = self.settings.calendars.len() > 1;
        match &row.user_id {
            _ if calendar.is_active == Shown::Value(false) => Some("it is not active"),
            Some(user_id) if team > 0 && !calendar.has_member(user_id) => Some("its user is not in the calendar's team"),
            None if team > 1 || (team > 0 && moves) => Some("it has a team; name the user whom appointments are assigned to"),
            _ => None,
        }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn check_kind(&self, kind: &Kind) -> Result<()> {
        check_kind(&self.description, kind)
    }
}

fn describe(settings: &Settings, has_services: bool) -> Description {
    let fields = fields(has_services);
    Description {
        kind: vocabulary::KIND,
        system: "GHL",
        // Who is unknown, or what became of it, is asked for: nothing is booked with a guess.
        required: fields.keys().cloned().collect(),
        fields,
        unique: if settings.slot_check == SlotCheck::None { BTreeSet::new() } else { BTreeSet::from([vocabulary::START]) },
        single_read: true,
        lag: settings.lag,
        absence: Absence::Gone,
        // GHL has no field for a token or for the other system's id, and no search.
        search: BTreeSet::new(),
        carries_token: false,
        create: Support::Enabled,
        update: Support::Enabled,
        by_hand: BTreeSet::new(),
        remove: Support::Enabled,
        settle: settings.settle,
        parallel: settings.parallel.max(1),
    }
}

fn fields(has_services: bool) -> BTreeMap<FieldName, FieldSupport> {
    let set = FieldSupport { clear: false, ..FieldSupport::FULL };
    let plain = [vocabulary::START, vocabulary::END, vocabulary::STATUS, vocabulary::PRACTITIONER];
    let mut fields: BTreeMap<_, _> = plain.map(|name| (name, set)).into();
    if has_services {
        fields.insert(vocabulary::SERVICE, FieldSupport { listed: false, ..set });
    }
    fields
}

impl fmt::Debug for CalendarRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalendarRow").field("calendar_id", &self.calendar_id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("client", &self.client).field("calendars", &self.settings.calendars).finish_non_exhaustive()
    }
}
