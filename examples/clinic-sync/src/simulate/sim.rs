//! Plays a history, step by step, on one thread and in virtual time.

mod answers;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ephysio_emulator::Patient;
use sync_core::vocabulary::{appointment, person};
use sync_core::{
    Braked, Changes, Decision, Depth, End, Engine, Eyes, Head, HintQueue, Link, LinkId, LinkQuery, MappingReader, MappingStore, Plan,
    Reason, RecordId, Review, ReviewQuery, Salt, Side, Sides, TenantId,
};

use super::chance::ProcessEnv;
use super::chaos::{Chaos, Interruption};
use super::evidence::{Answer, Evidence, Rehearsal, Round};
use super::inbox::Inbox;
use super::invariants::withholds;
use super::ledger::{By, Ledger};
use super::process::{House, LEASE, Process};
use super::script::{Act, Action, BOOKINGS, History, PEOPLE, Step};
use super::staff::Staff;
use super::store::SimStore;
use super::tamper::Tamper;
use super::trace::Trace;
use super::transport::is_write;
use super::world;
use crate::demo::Clinic;
use crate::{Result, TENANT};

/// Between two rounds of settling: longer than any create may take to appear.
const ROUND: Duration = Duration::from_secs(700);
/// So many rounds must be enough to settle.
const ROUNDS: usize = 14;
/// So many times an inbox is emptied, at most, in one round.
const HANDFULS: usize = 40;

/// Another practice, which has nothing to do with what is simulated.
pub(super) const NEIGHBOUR: TenantId = TenantId::from_static("neighbour");

/// What a process is asked to do.
#[derive(Clone, Copy, Debug)]
enum Job {
    Sync,
    Drain,
    Deliver,
}

/// A world with one process in it.
pub(super) struct Sim {
    chaos: Chaos,
    house: House,
    inbox: Inbox,
    process: Arc<Process>,
    number: u32,
    answers: Vec<Answer>,
    rounds: Vec<Round>,
    rehearsals: Vec<Rehearsal>,
    errors: Vec<String>,
    /// How much had happened when the store came back from a back-up, each time.
    restores: Vec<usize>,
    /// What the neighbour had in the store from the start.
    neighbour: Vec<Head>,
}

impl Sim {
    /// The world of a seed, in which nothing has happened yet.
    pub(super) async fn new(history: &History, tamper: Arc<dyn Tamper>) -> Result<Self> {
        let (seed, rules) = (history.seed, history.rules.as_deref());
        let (clinic, settings) = world::build(seed, rules)?;
        let tokens = world::connect(&clinic, &settings).await?;
        let (clinic, trace) = (Arc::new(clinic), Trace::default());
        let staff = Staff::new(clinic.clone(), trace.clone(), rules);
        staff.open(PEOPLE, BOOKINGS);
        let ledger = Ledger::new(clinic.clone(), trace.clone());
        ledger.book(By::Staff);
        let env = Arc::new(ProcessEnv::new(clinic.ghl.clock().clone(), seed));
        let chaos = Chaos::new(clinic.clone(), ledger, trace, env.clone(), staff);
        let store = Arc::new(SimStore::new(chaos.clone(), tamper.clone()));
        let neighbour = neighbour(&store, &clinic).await?;
        let inbox = Inbox::new(store.clone(), env, &clinic, &settings);
        if let Some(deliveries) = inbox.open(&clinic) {
            chaos.set_deliveries(deliveries);
        }
        let house = House { chaos: chaos.clone(), settings, store, tokens, tamper };
        let process = Arc::new(Process::new(house.clone(), 0)?);
        let sim = Self {
            chaos,
            house,
            inbox,
            process,
            number: 0,
            answers: Vec::new(),
            rounds: Vec::new(),
            rehearsals: Vec::new(),
            errors: Vec::new(),
            restores: Vec::new(),
            neighbour,
        };
        sim.chaos.set_stop(sim.process.stop().clone());
        Ok(sim)
    }

    /// Connects the process to both systems, while nothing goes wrong.
    pub(super) async fn connect(self) -> Result<()> {
        self.process.engines().await.map(|_| ())
    }

    /// Plays a history, lets everything settle, and gives back what is to be judged.
    pub(super) async fn play(mut self, history: &History) -> Result<Evidence> {
        self.chaos.arm(true);
        for step in &history.steps {
            self.step(step).await?;
        }
        self.settle().await?;
        self.evidence(history).await
    }

    async fn step(&mut self, step: &Step) -> Result<()> {
        self.chaos.trace.note(format_args!("{step:?}"));
        match step {
            Step::Staff(action) => self.act(*action).await,
            Step::Meanwhile(action, after) => self.chaos.meanwhile(*action, *after),
            Step::Trouble(planned) => self.chaos.plan(*planned),
            Step::Sync => self.work(Job::Sync).await?,
            Step::Drain => self.work(Job::Drain).await?,
            Step::Deliver => self.work(Job::Deliver).await?,
            Step::Pass(seconds) => tokio::time::sleep(Duration::from_secs(u64::from(*seconds))).await,
        }
        Ok(())
    }

    async fn act(&mut self, action: Action) {
        self.chaos.staff_acts(action);
        if !matches!(action.act, Act::Decide | Act::Unlink) {
            return;
        }
        self.chaos.arm(false);
        let done = if action.act == Act::Decide { self.decide(action.pick).await } else { self.unlink(action.pick).await };
        if let Err(error) = done {
            self.chaos.trace.note(format_args!("not decided: {error}"));
        }
        self.chaos.arm(true);
    }

    /// Lets the process work, until it is done or something ends it.
    async fn work(&mut self, job: Job) -> Result<()> {
        self.inbox.serve_for(self.process.ready());
        let mut working: Pin<Box<dyn Future<Output = Result<()>>>> = Box::pin(carry_out(self.process.clone(), self.chaos.clone(), job));
        match driven(&self.chaos, working.as_mut()).await {
            Ok(done) => self.note(done),
            Err(Interruption::Crash) => self.restart()?,
            Err(Interruption::Restored(lost)) => {
                drop(working);
                self.chaos.ledger.book(By::Sync);
                self.restores.push(self.chaos.ledger.count());
                self.house.store.restore(lost).await;
                self.restart()?;
            }
            Err(Interruption::PastLease) => self.take_over(working).await?,
        }
        if self.process.stop().is_cancelled() {
            self.restart()?;
        }
        Ok(())
    }

    fn note(&mut self, done: Result<()>) {
        if let Err(error) = done {
            self.chaos.trace.note(format_args!("work ended: {error}"));
            self.errors.push(error.to_string());
        }
    }

    /// A new process over the same store.
    fn restart(&mut self) -> Result<()> {
        self.number += 1;
        self.process = Arc::new(Process::new(self.house.clone(), self.number)?);
        self.chaos.set_stop(self.process.stop().clone());
        self.inbox.serve_for(None);
        Ok(())
    }

    /// The process stands still for longer than its lease. Another one takes over and works; then the first goes on, and notices.
    async fn take_over(&mut self, mut late: Pin<Box<dyn Future<Output = Result<()>>>>) -> Result<()> {
        let old = self.process.clone();
        self.chaos.arm(false);
        tokio::time::sleep(LEASE + Duration::from_secs(1)).await;
        self.restart()?;
        let done = carry_out(self.process.clone(), self.chaos.clone(), Job::Sync).await;
        self.note(done);
        // Renewing the lease fails, which stops whoever held it.
        old.stop().cancel();
        self.chaos.set_late(true);
        let done = driven(&self.chaos, late.as_mut()).await;
        self.chaos.set_late(false);
        self.note(done.unwrap_or(Ok(())));
        self.chaos.arm(true);
        Ok(())
    }

    /// Nothing goes wrong any more, nobody edits: everything has to come to rest.
    async fn settle(&mut self) -> Result<()> {
        self.chaos.trace.note("settle");
        self.chaos.calm();
        self.reconnect().await?;
        self.restart()?;
        let mut quiet = 0;
        while quiet < 2 && self.rounds.len() < ROUNDS {
            tokio::time::sleep(ROUND).await;
            let before = self.marks();
            let rested = self.round().await;
            if let Err(error) = &rested {
                self.chaos.trace.note(format_args!("round ended: {error}"));
            }
            let writes = self.writes_since(before);
            let waiting = self.house.store.memory().depth(&TENANT).await.unwrap_or_default().waiting;
            let failed = rested.err().map(|error| error.to_string());
            quiet = if writes.is_empty() && waiting == 0 && failed.is_none() { quiet + 1 } else { 0 };
            self.rounds.push(Round { writes, waiting, failed });
        }
        Ok(())
    }

    /// An admin of the clinic gives access once more: a process that dies between GHL's answer and its own store has lost the only
    /// copy of a refresh token, and GHL takes the old one for half a minute only.
    async fn reconnect(&mut self) -> Result<()> {
        let fresh = world::connect(&self.chaos.clinic, &self.house.settings).await?;
        self.house.tokens = fresh.or(self.house.tokens.take());
        Ok(())
    }

    async fn round(&mut self) -> Result<()> {
        self.inbox.serve_for(self.process.ready());
        if let Some(deliveries) = self.chaos.deliveries() {
            deliveries.deliver_all().await;
        }
        for _ in 0..HANDFULS {
            if !self.process.drain().await? {
                break;
            }
        }
        let ready = self.process.engines().await?;
        for _ in 0..3 {
            let mut pulled = 0;
            for engine in &ready.engines {
                self.lift_brakes(engine).await?;
                pulled += self.rehearse(engine).await?;
            }
            if pulled == 0 {
                break;
            }
        }
        self.chaos.ledger.book(By::Sync);
        Ok(())
    }

    /// Plans, looks that planning did nothing, carries out, and keeps both for comparison.
    async fn rehearse(&mut self, engine: &Engine) -> Result<usize> {
        let (requests, commits) = (self.marks(), self.house.store.commits());
        let plan: Plan = engine.plan().await?;
        let touched = !self.writes_since(requests).is_empty() || self.house.store.commits() != commits;
        let report = engine.sweep().await?;
        self.process.forget(&report).await?;
        let log = self.house.store.log_since(commits);
        let withholding = |side: Side| {
            let links = log.iter().flat_map(|changes| &changes.links).filter(|link| withholds(link, side));
            links.map(|link| link.id).collect::<BTreeSet<_>>().len()
        };
        let mut withheld = Sides::from_fn(withholding);
        let tried: BTreeSet<LinkId> = log.iter().flat_map(|changes| &changes.links).map(|link| link.id).collect();
        let query = ReviewQuery { kind: Some(engine.kind().clone()), ..ReviewQuery::default() };
        let open = self.house.store.memory().reviews(&TENANT, &query).await?;
        let waits = |review: &&Review| match review.reason {
            Reason::Prerequisite { .. } => true,
            Reason::SharedIdentifier { .. } | Reason::PossibleMatch { .. } => review.link.is_some_and(|link| tried.contains(&link)),
            _ => false,
        };
        // What is put off to the next run, which knows more.
        let parked = report.counts.left.parked + report.counts.right.parked;
        let mut blocked = Sides::new(parked, parked);
        for review in open.iter().filter(waits) {
            let only = if review.records.left.is_some() { Side::Right } else { Side::Left };
            // A pair has both records: what was refused is an update.
            let refused = if review.records[only].is_some() { &mut withheld } else { &mut blocked };
            refused[only] += 1;
        }
        let done = log.iter().flat_map(|changes| changes.operations.clone()).collect();
        self.rehearsals.push(Rehearsal { plan, touched, done, blocked, withheld });
        Ok(report.pulled)
    }

    async fn lift_brakes(&mut self, engine: &Engine) -> Result<()> {
        let query = ReviewQuery { kind: Some(engine.kind().clone()), ..ReviewQuery::default() };
        for review in self.house.store.reviews(&TENANT, &query).await? {
            if matches!(review.reason, Reason::Brake { what: Braked::Removals | Braked::Updates, .. }) {
                engine.desk().decide(review.id, Decision::LiftBrake).await?;
            }
        }
        Ok(())
    }

    fn marks(&self) -> (usize, usize) {
        (self.chaos.clinic.ephysio.journal().len(), self.chaos.clinic.ghl.journal().len())
    }

    /// The requests that wrote since then, as method and path.
    fn writes_since(&self, (ephysio, ghl): (usize, usize)) -> Vec<String> {
        let clinic = &self.chaos.clinic;
        let entries = clinic.ephysio.journal().since(ephysio).into_iter().chain(clinic.ghl.journal().since(ghl));
        let writes = entries.filter(|entry| is_write(&entry.method, &entry.path));
        writes.map(|entry| format!("{} {} {}", entry.method, entry.path, entry.status.map_or(0, |status| status.as_u16()))).collect()
    }

    async fn evidence(self, history: &History) -> Result<Evidence> {
        let memory = self.house.store.memory();
        let mut links = Vec::new();
        for kind in [person::KIND, appointment::KIND] {
            let ids = memory.heads(&TENANT, &kind, None, usize::MAX).await?.into_iter().map(|head| head.link).collect();
            links.extend(memory.links(&TENANT, &LinkQuery::Ids(ids)).await?);
        }
        let mut pre_images = Vec::new();
        for link in &links {
            pre_images.extend(memory.pre_images(&TENANT, link.id).await?);
        }
        let depth: Depth = memory.depth(&TENANT).await?;
        Ok(Evidence {
            trace: self.chaos.trace.clone(),
            coverage: self.chaos.coverage(),
            actions: self.chaos.actions(),
            shown: self.chaos.ledger.shown(),
            changes: self.chaos.ledger.changes(),
            disturbed: self.chaos.ledger.disturbed(),
            reviews: memory.reviews(&TENANT, &ReviewQuery { values: true, ..ReviewQuery::default() }).await?,
            commits: self.house.store.log(),
            patients: self.house.settings.patients.policy().map_err(crate::Error::Settings)?,
            appointments: self.house.settings.appointments.is_on().then(|| self.house.settings.appointments.policy(Duration::ZERO)),
            has_given_rules: history.rules.is_some(),
            idle: self.chaos.ledger.idled(),
            logs: String::new(),
            neighbour_untouched: memory.heads(&NEIGHBOUR, &person::KIND, None, usize::MAX).await? == self.neighbour,
            ends: None,
            links,
            pre_images,
            depth,
            answers: self.answers,
            rounds: self.rounds,
            rehearsals: self.rehearsals,
            errors: self.errors,
            restores: self.restores,
        })
    }
}

/// Another practice in the same store, which knows records by the same ids.
async fn neighbour(store: &SimStore, clinic: &Clinic) -> Result<Vec<Head>> {
    let eyes = Eyes { key: 0, normalisation: 0, policy: 0 };
    let half = |(number, patient): (u8, Patient)| {
        let id = LinkId::from_bytes([number; 16]);
        let end = End::present(RecordId::new(patient.id.to_string()));
        Link::half(id, person::KIND, Side::Left, end, Salt::from_bytes([number; 16]), eyes)
    };
    let links = (0..).zip(clinic.ephysio.practice().patients()).map(half).collect();
    store.commit(&NEIGHBOUR, Changes { links, ..Changes::default() }).await.map_err(sync_core::Error::from)?;
    Ok(store.memory().heads(&NEIGHBOUR, &person::KIND, None, usize::MAX).await?)
}

async fn carry_out(process: Arc<Process>, chaos: Chaos, job: Job) -> Result<()> {
    match job {
        Job::Sync => process.sync().await.map(|_| ()),
        Job::Drain => process.drain().await.map(|_| ()),
        Job::Deliver => {
            chaos.deliver().await;
            Ok(())
        }
    }
}

/// Polls a piece of work until it is done, or something ends it between two polls.
async fn driven<T>(chaos: &Chaos, mut work: Pin<&mut dyn Future<Output = T>>) -> Result<T, Interruption> {
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => match chaos.take_interruption() {
            Some(interruption) => Poll::Ready(Err(interruption)),
            None => Poll::Pending,
        },
    })
    .await
}
