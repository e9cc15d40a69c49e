//! Scripted faults, and a wrapper that brings them to any endpoint.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::{
    Description, Draft, Error, ErrorKind, Item, Kind, Listed, Observation, Patch, Permit, Probe, Record, RecordId, Result, Sink, Source,
    Written,
};

/// The kinds of calls that an endpoint serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    /// [`Source::list`].
    List,
    /// [`Source::read`].
    Read,
    /// [`Source::find`].
    Find,
    /// [`Sink::create`].
    Create,
    /// [`Sink::update`].
    Update,
    /// [`Sink::remove`].
    Remove,
}

/// What goes wrong with a call.
pub enum Fault {
    /// It is refused, for good. Nothing happens.
    Permanent,
    /// It fails, and may work later. Nothing happens.
    Temporary,
    /// The credentials are not accepted. Nothing happens.
    Unauthorized,
    /// It says that there is no such thing. Nothing happens.
    NotFound,
    /// It is lost on the way there: nothing happens, but the caller cannot know.
    LostRequest,
    /// It is lost on the way back: the effect happens, but the caller cannot know.
    LostAnswer,
    /// It works, after this time.
    Slow(Duration),
    /// It works, but something else happens just before.
    Meanwhile(Box<dyn FnOnce() + Send>),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "Permanent",
            Self::Temporary => "Temporary",
            Self::Unauthorized => "Unauthorized",
            Self::NotFound => "NotFound",
            Self::LostRequest => "LostRequest",
            Self::LostAnswer => "LostAnswer",
            Self::Slow(_) => "Slow(..)",
            Self::Meanwhile(_) => "Meanwhile(..)",
        })
    }
}

/// How a listing goes wrong that began well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// It fails after so many elements.
    FailsAfter(usize),
    /// It just stops after so many elements: no error, and no [`Item::End`].
    StopsAfter(usize),
    /// It ends well, but does not claim to be complete.
    Incomplete,
    /// Its first element is one that nobody can read.
    Broken,
    /// It shows nothing, and claims to be complete.
    Empty,
}

/// The faults that are still to come: for each kind of call, the next call takes the next fault.
#[derive(Debug, Default)]
pub struct Faults {
    calls: Mutex<BTreeMap<CallKind, VecDeque<Fault>>>,
    bends: Mutex<VecDeque<Bend>>,
    down: AtomicBool,
}

impl Faults {
    /// The next call of this kind meets this fault; behind others, if some are scripted already.
    pub fn fail_next(&self, call: CallKind, fault: Fault) {
        lock(&self.calls).entry(call).or_default().push_back(fault);
    }

    /// The next listing that begins goes wrong like this.
    pub fn bend_next_listing(&self, bend: Bend) {
        lock(&self.bends).push_back(bend);
    }

    /// Takes the side down, or brings it back. While it is down, no call has an effect and all fail as temporary.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// Makes a call under what is scripted for it.
    pub(crate) async fn around<T>(&self, call: CallKind, effect: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let lost = self.meet(call).await?;
        let answer = effect.await;
        if lost { Err(Error::unknown(ErrorKind::Unreachable, "the answer was lost")) } else { answer }
    }

    /// Lists under what is scripted for the next listing.
    pub(crate) fn bent<'a>(&'a self, mut listing: BoxStream<'a, Result<Item>>) -> BoxStream<'a, Result<Item>> {
        Box::pin(async_stream::stream! {
            if let Err(error) = self.around(CallKind::List, async { Ok(()) }).await {
                yield Err(error);
                return;
            }
            let bend = lock(&self.bends).pop_front();
            if bend == Some(Bend::Broken) {
                yield Ok(Item::Broken { raw: Bytes::from_static(b"{"), why: Error::permanent(ErrorKind::Decode, "the element is broken") });
            }
            let mut shown = 0;
            while let Some(item) = listing.next().await {
                match (bend, item) {
                    (Some(Bend::FailsAfter(end)), _) if shown == end => {
                        yield Err(Error::temporary(ErrorKind::Unreachable, "the listing broke off"));
                        return;
                    }
                    (Some(Bend::StopsAfter(end)), _) if shown == end => return,
                    (Some(Bend::Empty), Ok(Item::Listed(_))) => continue,
                    (Some(Bend::Incomplete | Bend::Broken), Ok(Item::End { .. })) => yield Ok(Item::End { complete: false }),
                    (_, item) => yield item,
                }
                shown += 1;
            }
        })
    }

    /// Meets the next fault, up to the effect; says whether the answer gets lost after it.
    async fn meet(&self, call: CallKind) -> Result<bool> {
        if self.down.load(Ordering::Relaxed) {
            return Err(Error::temporary(ErrorKind::Unreachable, "the side is down"));
        }
        let fault = lock(&self.calls).get_mut(&call).and_then(VecDeque::pop_front);
        match fault {
            None => {}
            Some(Fault::LostAnswer) => return Ok(true),
            Some(Fault::Permanent) => return Err(Error::permanent(ErrorKind::Refused, "the call was refused")),
            Some(Fault::Temporary) => return Err(Error::temporary(ErrorKind::Remote, "the side failed")),
            Some(Fault::Unauthorized) => return Err(Error::permanent(ErrorKind::Unauthorized, "the credentials were not accepted")),
            Some(Fault::NotFound) => return Err(Error::permanent(ErrorKind::NotFound, "there is no such thing")),
            Some(Fault::LostRequest) => return Err(Error::unknown(ErrorKind::Unreachable, "no answer came")),
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Meanwhile(act)) => act(),
        }
        Ok(false)
    }
}

/// Any endpoint, with scripted faults around its calls.
///
/// ```
/// use sync_core::testing::{CallKind, Fault, Flaky};
/// use sync_core::{Kind, RecordId, Source};
///
/// # async fn example(connector: impl sync_core::Sink) {
/// let flaky = Flaky::new(connector);
/// flaky.faults().fail_next(CallKind::Read, Fault::Temporary);
/// let answer = flaky.read(&Kind::from_static("person"), &RecordId::from_static("1")).await;
/// assert!(answer.is_err_and(|error| error.is_temporary()));
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Flaky<S> {
    inner: S,
    faults: Faults,
}

impl<S> Flaky<S> {
    /// An endpoint without faults yet.
    pub fn new(inner: S) -> Self {
        Self { inner, faults: Faults::default() }
    }

    /// The faults to come.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The endpoint itself.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

#[async_trait]
impl<S: Source> Source for Flaky<S> {
    fn describe(&self, kind: &Kind) -> Option<&Description> {
        self.inner.describe(kind)
    }

    fn list<'a>(&'a self, kind: &'a Kind) -> BoxStream<'a, Result<Item>> {
        self.faults.bent(self.inner.list(kind))
    }

    fn decode(&self, kind: &Kind, listed: &Listed) -> Result<Record> {
        self.inner.decode(kind, listed)
    }

    async fn read(&self, kind: &Kind, id: &RecordId) -> Result<Observation> {
        self.faults.around(CallKind::Read, self.inner.read(kind, id)).await
    }

    async fn find(&self, kind: &Kind, probe: &Probe) -> Result<Vec<Record>> {
        self.faults.around(CallKind::Find, self.inner.find(kind, probe)).await
    }
}

#[async_trait]
impl<S: Sink> Sink for Flaky<S> {
    async fn create(&self, permit: &Permit, draft: &Draft) -> Result<Written> {
        self.faults.around(CallKind::Create, self.inner.create(permit, draft)).await
    }

    async fn update(&self, permit: &Permit, patch: &Patch) -> Result<Written> {
        self.faults.around(CallKind::Update, self.inner.update(permit, patch)).await
    }

    async fn remove(&self, permit: &Permit, kind: &Kind, id: &RecordId) -> Result<()> {
        self.faults.around(CallKind::Remove, self.inner.remove(permit, kind, id)).await
    }
}

/// A panic elsewhere leaves these values whole: every change to them is a single step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
