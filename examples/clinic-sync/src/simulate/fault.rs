//! What can go wrong, where, and what did.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use sync_core::Side;

use super::ledger::Family;

/// What the process does when something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A login, or a token that is renewed.
    SignIn,
    /// A listing, or a search.
    List,
    /// A read of one record, or of what the location has.
    Read,
    /// A create.
    Create,
    /// An update.
    Update,
    /// A removal.
    Remove,
    /// A read of the store.
    Load,
    /// A commit.
    Commit,
    /// Work with the inbox.
    Inbox,
    /// A webhook.
    Webhook,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SignIn,
        Self::List,
        Self::Read,
        Self::Create,
        Self::Update,
        Self::Remove,
        Self::Load,
        Self::Commit,
        Self::Inbox,
        Self::Webhook,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::List => "list",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Load => "load",
            Self::Commit => "commit",
            Self::Inbox => "inbox",
            Self::Webhook => "webhook",
        }
    }
}

/// One thing that the process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Op {
    pub(super) group: Group,
    /// In which system, and about records of which kind; none for the store.
    pub(super) about: Option<(Side, Family)>,
}

impl Op {
    pub(super) const fn store(group: Group) -> Self {
        Self { group, about: None }
    }

    /// What a request is for.
    pub(super) fn of(side: Side, method: &http::Method, path: &str) -> Self {
        let family = if path.contains("/events") || path.contains("/invoices") { Family::Appointment } else { Family::Person };
        let is_list = matches!(path.rsplit('/').next(), Some("patients" | "events" | "search")) && !path.ends_with("/patients/request");
        let group = match method.as_str() {
            _ if path.ends_with("/token") => Group::SignIn,
            "GET" | "POST" if is_list && !(path.ends_with("/events") && method == http::Method::POST) => Group::List,
            "GET" => Group::Read,
            "POST" => Group::Create,
            "PUT" => Group::Update,
            _ => Group::Remove,
        };
        Self { group, about: Some((side, family)) }
    }
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// No connection; nothing was sent.
    Unreachable,
    /// The connection is cut before the request has an effect.
    CutBefore,
    /// The reply is lost after the effect.
    ReplyLost,
    /// 503 instead of the effect.
    ErrorBefore,
    /// 502 after the effect.
    ErrorAfter,
    /// The client gives up, and the server still does the work.
    SlowWork,
    /// The client gives up, and the server never does the work.
    NoAnswer,
    /// The answer is late, but in time.
    LateAnswer,
    /// The answer comes a byte at a time.
    SlowDrip,
    /// The answer is cut in the middle.
    CutBody,
    /// The answer is no JSON.
    MalformedBody,
    /// A web page with 200.
    WebPage,
    /// A listing that shows nothing.
    EmptyList,
    /// A listing that leaves out half.
    ShortList,
    /// A listing with an element that cannot be read.
    BrokenElement,
    /// Records come and go while a listing is read.
    ShiftingPages,
    /// The search shows changes late.
    SearchLag,
    /// 403.
    Forbidden,
    /// 404 for what is there.
    NotThere,
    /// 404, for the record was merged into another one just now.
    Merged,
    /// 429 without `Retry-After`.
    RateLimit,
    /// 429 with `Retry-After`.
    RateLimitWithPause,
    /// All access tokens expire, for all requests under way.
    TokensExpire,
    /// Somebody else enters the same just before, so that the vendor refuses a duplicate, or holds two.
    Overtaken,
    /// A change arrives by webhook while the process is at it.
    HintMeanwhile,
    /// The webhook about the effect arrives before the response.
    WebhookFirst,
    /// Webhooks get lost.
    WebhooksLost,
    /// Webhooks arrive twice.
    WebhooksDoubled,
    /// Webhooks overtake each other.
    WebhooksReordered,
    /// Webhooks are late.
    WebhooksLate,
    /// The store is busy.
    StoreBusy,
    /// The process is killed before.
    CrashBefore,
    /// The process is killed after.
    CrashAfter,
    /// The process is killed, and its store comes back from an older back-up.
    Restored,
    /// The process is asked to stop.
    Stop,
    /// The process stands still for longer than its lease, and another one takes over.
    PastLease,
    /// The process's clock jumps ahead.
    ClockAhead,
    /// The process's clock jumps back.
    ClockBehind,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 38] = [
        Self::Unreachable,
        Self::CutBefore,
        Self::ReplyLost,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::SlowWork,
        Self::NoAnswer,
        Self::LateAnswer,
        Self::SlowDrip,
        Self::CutBody,
        Self::MalformedBody,
        Self::WebPage,
        Self::EmptyList,
        Self::ShortList,
        Self::BrokenElement,
        Self::ShiftingPages,
        Self::SearchLag,
        Self::Forbidden,
        Self::NotThere,
        Self::Merged,
        Self::RateLimit,
        Self::RateLimitWithPause,
        Self::TokensExpire,
        Self::Overtaken,
        Self::HintMeanwhile,
        Self::WebhookFirst,
        Self::WebhooksLost,
        Self::WebhooksDoubled,
        Self::WebhooksReordered,
        Self::WebhooksLate,
        Self::StoreBusy,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Restored,
        Self::Stop,
        Self::PastLease,
        Self::ClockAhead,
        Self::ClockBehind,
    ];

    /// Why it cannot strike there, if it cannot.
    #[must_use]
    pub const fn impossible(self, group: Group) -> Option<&'static str> {
        use Group as G;
        match self {
            Self::EmptyList | Self::ShortList | Self::BrokenElement | Self::ShiftingPages | Self::SearchLag => match group {
                G::List => None,
                _ => Some("only a listing or a search shows many records"),
            },
            Self::Merged => match group {
                G::Read | G::Update => None,
                _ => Some("only a read or an update names a record that can have been merged"),
            },
            Self::Overtaken => match group {
                G::Create | G::Update => None,
                _ => Some("only a create or an update enters values"),
            },
            Self::WebhookFirst => match group {
                G::Create | G::Update | G::Remove => None,
                _ => Some("only a write is told by webhook"),
            },
            Self::WebhooksLost | Self::WebhooksDoubled | Self::WebhooksReordered | Self::WebhooksLate => match group {
                G::Webhook => None,
                _ => Some("only webhooks travel like this"),
            },
            Self::StoreBusy => match group {
                G::Load | G::Commit | G::Inbox => None,
                G::Webhook => Some("a webhook is kept by the inbox"),
                _ => Some("a request does not use the store"),
            },
            Self::CrashBefore
            | Self::CrashAfter
            | Self::Restored
            | Self::Stop
            | Self::PastLease
            | Self::ClockAhead
            | Self::ClockBehind
            | Self::HintMeanwhile => match group {
                G::Webhook => Some("a webhook is received by the inbox"),
                _ => None,
            },
            _ => match group {
                G::Load | G::Commit | G::Inbox | G::Webhook => Some("not a request to one of the two systems"),
                _ => None,
            },
        }
    }
}

/// Something that will go wrong, if it comes to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What.
    pub trouble: Trouble,
    /// With what the process does.
    pub group: Group,
    /// So many of them go well before.
    pub skip: usize,
    /// Decides the rest.
    pub pick: u64,
}

/// How often what went wrong where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    fired: BTreeMap<(Trouble, Group), usize>,
}

impl Coverage {
    pub(super) fn note(&mut self, trouble: Trouble, group: Group) {
        *self.fired.entry((trouble, group)).or_default() += 1;
    }

    /// Adds what went wrong in another run.
    pub fn add(&mut self, other: &Self) {
        for (cell, count) in &other.fired {
            *self.fired.entry(*cell).or_default() += count;
        }
    }

    /// How often this went wrong there.
    #[must_use]
    pub fn count(&self, trouble: Trouble, group: Group) -> usize {
        self.fired.get(&(trouble, group)).copied().unwrap_or_default()
    }

    /// How much went wrong.
    #[must_use]
    pub fn total(&self) -> usize {
        self.fired.values().sum()
    }

    /// How many kinds of trouble there were.
    #[must_use]
    pub fn kinds(&self) -> usize {
        Trouble::ALL.iter().filter(|trouble| self.fired.keys().any(|(fired, _)| fired == *trouble)).count()
    }

    /// What could have gone wrong somewhere, and never did.
    #[must_use]
    pub fn missing(&self) -> Vec<(Trouble, Group)> {
        let cells = Trouble::ALL.into_iter().flat_map(|trouble| Group::ALL.map(|group| (trouble, group)));
        cells.filter(|(trouble, group)| trouble.impossible(*group).is_none() && !self.fired.contains_key(&(*trouble, *group))).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        let head = std::iter::once("fault").chain(Group::ALL.iter().map(|group| group.name()));
        table.set_header(head);
        for trouble in Trouble::ALL {
            let cell = |group: Group| match (trouble.impossible(group), self.fired.get(&(trouble, group))) {
                (Some(_), _) => "-".to_owned(),
                (None, count) => count.copied().unwrap_or_default().to_string(),
            };
            table.add_row(std::iter::once(format!("{trouble:?}")).chain(Group::ALL.map(cell)));
        }
        write!(f, "{table}")
    }
}
