//! What makes a process die at one step of a renewal.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body as AxumBody;
use bytes::Bytes;
use emulator_kit::Stage;
use futures::poll;
use ghl_client::oauth::{StoreError, Swap, TokenSet, TokenStore};
use http::{Request, Response};
use secrecy::SecretString;
use sync_http::{Body, ServiceTransport, Transport, TransportError};
use tokio::sync::Notify;

use crate::tokens::VaultTokens;

/// What a renewal consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The stored tokens are read.
    Load,
    /// GHL is asked, spends the refresh token, and answers.
    Call,
    /// What it answered is stored.
    Swap,
}

impl Step {
    pub(super) const ALL: [Self; 3] = [Self::Load, Self::Call, Self::Swap];
}

/// When in a step the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nothing of the step has happened.
    Before,
    /// It has begun.
    Amid,
    /// It has happened, and nobody heard of it.
    After,
}

impl Moment {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::Amid, Self::After];
}

/// Notes steps, and lets the process die at one of them.
#[derive(Clone, Debug)]
pub(super) struct Fuse(Arc<State>);

#[derive(Debug)]
struct State {
    last: Option<(Step, Moment)>,
    steps: Mutex<Vec<Step>>,
    burnt: Notify,
}

impl Fuse {
    /// One that does not burn.
    pub(super) fn long() -> Self {
        Self::of(None)
    }

    pub(super) fn lit(step: Step, moment: Moment) -> Self {
        Self::of(Some((step, moment)))
    }

    fn of(last: Option<(Step, Moment)>) -> Self {
        Self(Arc::new(State { last, steps: Mutex::default(), burnt: Notify::new() }))
    }

    pub(super) fn steps(&self) -> Vec<Step> {
        self.0.steps.lock().unwrap().clone()
    }

    /// Until the process has died.
    pub(super) async fn burnt(&self) {
        self.0.burnt.notified().await;
    }

    async fn around<T>(&self, step: Step, action: impl Future<Output = T> + Send) -> T {
        self.0.steps.lock().unwrap().push(step);
        let Some(moment) = self.0.last.filter(|(last, _)| *last == step).map(|(_, moment)| moment) else { return action.await };
        match moment {
            Moment::Before => {}
            Moment::Amid => drop(poll!(Box::pin(action))),
            Moment::After => drop(action.await),
        }
        self.0.burnt.notify_one();
        std::future::pending().await
    }
}

/// The real tokens in the vault, whose reading and storing are steps.
#[derive(Debug)]
pub(super) struct FusedTokens {
    pub(super) inner: VaultTokens,
    pub(super) fuse: Fuse,
}

#[async_trait]
impl TokenStore for FusedTokens {
    async fn load(&self) -> Result<Option<TokenSet>, StoreError> {
        self.fuse.around(Step::Load, self.inner.load()).await
    }

    async fn swap(&self, old: &SecretString, new: &TokenSet) -> Result<Swap, StoreError> {
        self.fuse.around(Step::Swap, self.inner.swap(old, new)).await
    }
}

/// GHL in this process, where asking for tokens is a step.
pub(super) struct FusedGhl {
    pub(super) inner: ServiceTransport<Stage, AxumBody>,
    pub(super) fuse: Fuse,
}

#[async_trait]
impl Transport for FusedGhl {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.uri().path() != "/oauth/token" {
            return self.inner.send(request).await;
        }
        self.fuse.around(Step::Call, self.inner.send(request)).await
    }
}
