//! The one place where things go wrong: every request and every use of the store passes through here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use ghl_emulator::{Deliveries, WebhookSettings};
use tokio_util::sync::CancellationToken;

use super::chance::{ProcessEnv, locked};
use super::fault::{Coverage, Group, Op, Planned, Trouble};
use super::ledger::{By, Ledger};
use super::script::{Act, Action};
use super::staff::Staff;
use super::trace::Trace;
use crate::demo::Clinic;

/// How late webhooks and searches are, when they are late.
const LATE: Duration = Duration::from_secs(9);
/// By how much a clock jumps.
const JUMP: TimeDelta = TimeDelta::seconds(45);

/// What ends the work of a process before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// It is killed.
    Crash,
    /// It is killed, and its store comes back from a back-up that lacks this many commits.
    Restored(usize),
    /// It stands still until another one has taken over.
    PastLease,
}

#[derive(Debug, Default)]
struct State {
    armed: bool,
    planned: Vec<Planned>,
    meanwhile: Vec<(Action, u32)>,
    interruption: Option<Interruption>,
    coverage: Coverage,
    actions: usize,
    stop: CancellationToken,
    deliveries: Option<Deliveries>,
    /// A process that lost its lease still works.
    late: bool,
}

/// What goes wrong, and what staff do meanwhile. Clones share one state.
#[derive(Clone, Debug)]
pub(super) struct Chaos {
    pub(super) clinic: Arc<Clinic>,
    pub(super) ledger: Ledger,
    pub(super) trace: Trace,
    pub(super) env: Arc<ProcessEnv>,
    staff: Staff,
    state: Arc<Mutex<State>>,
}

impl Chaos {
    pub(super) fn new(clinic: Arc<Clinic>, ledger: Ledger, trace: Trace, env: Arc<ProcessEnv>, staff: Staff) -> Self {
        Self { clinic, ledger, trace, env, staff, state: Arc::default() }
    }

    /// From now on things go wrong, or no more.
    pub(super) fn arm(&self, armed: bool) {
        locked(&self.state).armed = armed;
    }

    /// Ends everything that goes wrong, for good.
    pub(super) fn calm(&self) {
        let mut state = locked(&self.state);
        state.armed = false;
        state.planned.clear();
        let left = std::mem::take(&mut state.meanwhile);
        if let Some(deliveries) = &state.deliveries {
            deliveries.configure(WebhookSettings::default());
        }
        drop(state);
        self.env.set_skew(TimeDelta::zero());
        self.set_search_lag(TimeDelta::zero());
        self.clinic.ephysio.faults().clear();
        self.clinic.ghl.faults().clear();
        left.into_iter().for_each(|(action, _)| self.staff_acts(action));
    }

    pub(super) fn plan(&self, planned: Planned) {
        locked(&self.state).planned.push(planned);
    }

    pub(super) fn meanwhile(&self, action: Action, after: u32) {
        locked(&self.state).meanwhile.push((action, after));
    }

    /// From now on the search of contacts shows changes so late.
    pub(super) fn set_search_lag(&self, lag: TimeDelta) {
        self.clinic.ghl.set_search_lag(lag.to_std().unwrap_or_default());
        self.ledger.set_search_lag(lag);
    }

    /// A process that lost its lease works from now on, or no more.
    pub(super) fn set_late(&self, late: bool) {
        locked(&self.state).late = late;
    }

    /// On whom a request is booked.
    pub(super) fn by(&self) -> By {
        if locked(&self.state).late { By::Late } else { By::Sync }
    }

    /// Which token stops the process that works now.
    pub(super) fn set_stop(&self, stop: CancellationToken) {
        locked(&self.state).stop = stop;
    }

    pub(super) fn set_deliveries(&self, deliveries: Deliveries) {
        locked(&self.state).deliveries = Some(deliveries);
    }

    pub(super) fn deliveries(&self) -> Option<Deliveries> {
        locked(&self.state).deliveries.clone()
    }

    pub(super) fn take_interruption(&self) -> Option<Interruption> {
        locked(&self.state).interruption.take()
    }

    pub(super) fn coverage(&self) -> Coverage {
        locked(&self.state).coverage.clone()
    }

    /// How much staff did.
    pub(super) fn actions(&self) -> usize {
        locked(&self.state).actions
    }

    /// Staff do something; what the sync did before is booked on the sync.
    pub(super) fn staff_acts(&self, action: Action) {
        self.ledger.book(By::Sync);
        self.staff.act(action);
        self.ledger.book(By::Staff);
        locked(&self.state).actions += 1;
    }

    /// Something begins. Does what staff do meanwhile and what goes wrong around it, and gives back what is to go wrong with it.
    pub(super) async fn begin(&self, op: Op) -> Option<Planned> {
        tokio::task::yield_now().await;
        self.trace.note(format_args!("{:?} {:?}", op.group, op.about));
        let due = self.due();
        due.into_iter().for_each(|action| self.staff_acts(action));
        let planned = self.strike(op.group)?;
        match planned.trouble {
            Trouble::CrashBefore => self.interrupt(Interruption::Crash).await,
            Trouble::Restored => {
                let lost = usize::try_from(planned.pick % 9).unwrap_or_default() + 1;
                self.interrupt(Interruption::Restored(lost)).await;
            }
            Trouble::PastLease if planned.pick.is_multiple_of(2) => self.interrupt(Interruption::PastLease).await,
            Trouble::Stop => locked(&self.state).stop.cancel(),
            Trouble::ClockAhead => self.env.set_skew(JUMP),
            Trouble::ClockBehind => self.env.set_skew(-JUMP),
            Trouble::HintMeanwhile => self.hint(planned).await,
            _ => return Some(planned),
        }
        None
    }

    /// Something has ended.
    pub(super) async fn end(&self, trouble: Option<Planned>) {
        match trouble.map(|planned| planned.trouble) {
            Some(Trouble::CrashAfter) => self.interrupt(Interruption::Crash).await,
            Some(Trouble::PastLease) => self.interrupt(Interruption::PastLease).await,
            Some(Trouble::WebhookFirst) => self.deliver().await,
            _ => {}
        }
        tokio::task::yield_now().await;
    }

    /// Webhooks that are due arrive.
    pub(super) async fn deliver(&self) {
        let Some(deliveries) = self.deliveries() else { return };
        if let Some(planned) = self.strike(Group::Webhook) {
            deliveries.configure(travelling(planned.trouble));
        }
        deliveries.deliver_due().await;
    }

    async fn hint(&self, planned: Planned) {
        let number = 200_000 + u32::try_from(planned.pick % 100_000).unwrap_or_default();
        self.staff_acts(Action { act: Act::Edit, number, pick: planned.pick | 1 });
        if let Some(deliveries) = self.deliveries() {
            deliveries.deliver_due().await;
        }
    }

    async fn interrupt(&self, interruption: Interruption) {
        self.trace.note(format_args!("{interruption:?}"));
        locked(&self.state).interruption = Some(interruption);
        match interruption {
            // The driver drops what is not polled again.
            Interruption::Crash | Interruption::Restored(_) => std::future::pending().await,
            // Whoever stood still for so long finds that the deadline of its request has passed.
            Interruption::PastLease => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }

    fn due(&self) -> Vec<Action> {
        let mut state = locked(&self.state);
        if !state.armed {
            return Vec::new();
        }
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.meanwhile).into_iter().partition(|(_, after)| *after == 0);
        state.meanwhile = later.into_iter().map(|(action, after)| (action, after - 1)).collect();
        due.into_iter().map(|(action, _)| action).collect()
    }

    fn strike(&self, group: Group) -> Option<Planned> {
        let mut state = locked(&self.state);
        if !state.armed {
            return None;
        }
        let at = state.planned.iter().position(|planned| planned.group == group)?;
        if let Some(less) = state.planned[at].skip.checked_sub(1) {
            state.planned[at].skip = less;
            return None;
        }
        let planned = state.planned.remove(at);
        state.coverage.note(planned.trouble, group);
        self.trace.note(format_args!("trouble {:?} with {group:?}", planned.trouble));
        Some(planned)
    }
}

fn travelling(trouble: Trouble) -> WebhookSettings {
    let usual = WebhookSettings::default();
    match trouble {
        Trouble::WebhooksLost => WebhookSettings { lost: 70, ..usual },
        Trouble::WebhooksDoubled => WebhookSettings { duplicated: 70, ..usual },
        Trouble::WebhooksReordered => WebhookSettings { jitter: LATE, ..usual },
        Trouble::WebhooksLate => WebhookSettings { delay: LATE * 20, ..usual },
        _ => usual,
    }
}
