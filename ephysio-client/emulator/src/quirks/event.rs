//! The unknowns about appointments.

/// Which of the times in a written event the system believes. The user interface sends an instant, the same instant as ISO
/// text, and the hours and minutes of its pickers; which of them counts is not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClockFields {
    /// `start` and `end`; hours and minutes are only checked.
    #[default]
    Ignored,
    /// Hours and minutes, as the clock of [`Config::zone`](crate::Config::zone) shows them, on that zone's day. What the
    /// clock shows twice is taken for the first time; what it skips is moved on by as much as is skipped.
    Local,
    /// Hours and minutes in UTC, on the day in UTC.
    Utc,
}

/// Which events a window shows. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EventWindow {
    /// Those of which any part lies inside.
    #[default]
    Overlaps,
    /// Those that start inside; `from` belongs to it, `to` does not.
    StartsInside,
}

/// What becomes of an event that was cancelled. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Cancelled {
    /// It disappears from the list.
    #[default]
    Absent,
    /// It stays, with this status.
    Status(i64),
}

/// What an event of a patient must name as its invoice. Events of billable types are refused without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InvoiceCheck {
    /// An open invoice of that patient.
    #[default]
    Open,
    /// An invoice of that patient, sent or not.
    Any,
    /// Nothing.
    None,
}

/// What a successful create answers. The first was seen; an empty `events` was seen too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EventAnswer {
    /// `id`, and the event in `events`.
    #[default]
    IdAndEvents,
    /// `id`, and nothing in `events`.
    IdAlone,
    /// The event in `events`, and no `id`.
    EventsAlone,
}

/// Which call changes an event. None is publicly documented; these are the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UpdateEvent {
    /// None: each candidate answers 404.
    #[default]
    NotFound404,
    /// None: each candidate answers 405.
    MethodNotAllowed405,
    /// `POST /events?ids={id}&…`, the call that creates when `ids` is empty.
    PostWithIds,
    /// `PUT /events/{id}`
    PutToPath,
}

/// Which call cancels an event, other than an update of its status. None is publicly documented; these are the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CancelEvent {
    /// None: each candidate answers 404.
    #[default]
    NotFound404,
    /// None: each candidate answers 405.
    MethodNotAllowed405,
    /// `DELETE /events?ids={id}&…`
    DeleteWithIds,
    /// `DELETE /events/{id}`
    DeleteAtPath,
}

/// One switch per unknown about appointments.
#[derive(Clone, Debug)]
pub struct EventQuirks {
    /// Which of the times in a written event count.
    pub clock_fields: ClockFields,
    /// Which events a window shows.
    pub window: EventWindow,
    /// What becomes of an event that was cancelled.
    pub cancelled: Cancelled,
    /// The status of an event to which the patient did not come; only 5, planned, is known.
    pub no_show_status: i64,
    /// What an event of a patient must name as its invoice.
    pub invoice: InvoiceCheck,
    /// Event types that need no invoice.
    pub free_types: &'static [i64],
    /// The members without which a create is refused. That these are required follows only from the observation that they
    /// are always sent.
    pub required: &'static [&'static str],
    /// Whether a create without the four query parameters is refused. They were always sent.
    pub requires_query: bool,
    /// Whether two events may overlap in one calendar column; otherwise the second gets 409.
    pub double_booking: bool,
    /// What a successful create or update answers.
    pub answer: EventAnswer,
    /// Which call changes an event.
    pub update: UpdateEvent,
    /// Which call cancels an event.
    pub cancel: CancelEvent,
    /// Whether update and cancel answer success and change nothing.
    pub change_does_nothing: bool,
}

const REQUIRED: &[&str] = &[
    "patientId",
    "eventTypeId",
    "clientId",
    "adminInfoId",
    "resourceIds",
    "start",
    "end",
    "startDate",
    "endDate",
    "startDateHours",
    "startDateMinutes",
    "endDateHours",
    "endDateMinutes",
    "status",
];

impl Default for EventQuirks {
    fn default() -> Self {
        Self {
            clock_fields: ClockFields::default(),
            window: EventWindow::default(),
            cancelled: Cancelled::default(),
            no_show_status: 7,
            invoice: InvoiceCheck::default(),
            free_types: &[],
            required: REQUIRED,
            requires_query: true,
            double_booking: true,
            answer: EventAnswer::default(),
            update: UpdateEvent::default(),
            cancel: CancelEvent::default(),
            change_does_nothing: false,
        }
    }
}
