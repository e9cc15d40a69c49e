//! Many tasks, one renewal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use crate::{Authorization, Error, ErrorKind, Result, TokenProvider, Verdict};

/// Keeps the credentials of `P` and renews them once, however many tasks find them expired.
///
/// - A renewal runs to its end even if the task that caused it is dropped, because its answer may be
///   the only copy of a new token.
/// - Credentials that name a time for renewal are renewed before use from then on.
/// - After a permanent refusal (a wrong password, or a new token that is refused too) nothing is
///   asked for a while, so that nobody gets locked out: every call fails at once.
pub struct SingleFlight<P> {
    provider: Arc<P>,
    pause: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    current: Option<Authorization>,
    generation: u64,
    refusal: Option<(Instant, Error)>,
}

impl<P: TokenProvider + 'static> SingleFlight<P> {
    /// Wraps a provider; after a refusal it is not asked again for `pause`.
    #[must_use]
    pub fn new(provider: P, pause: Duration) -> Self {
        Self { provider: Arc::new(provider), pause, state: Arc::default() }
    }

    async fn renew(&self, state: OwnedMutexGuard<State>, stale: Option<Authorization>) -> Result<Authorization> {
        let (provider, pause) = (Arc::clone(&self.provider), self.pause);
        let renewal = async move {
            let mut state = state;
            let new = match &stale {
                Some(stale) => provider.refresh(stale).await,
                None => provider.token().await,
            };
            state.note(new, pause)
        };
        let lost = |_| Error::new(ErrorKind::Transport, "token").with_message("the renewal was broken off");
        tokio::spawn(renewal).await.map_err(lost)?
    }
}

impl State {
    fn note(&mut self, new: Result<Authorization>, pause: Duration) -> Result<Authorization> {
        match new {
            Ok(new) => {
                self.generation += 1;
                let new = new.with_generation(self.generation);
                self.current = Some(new.clone());
                Ok(new)
            }
            Err(error) => {
                if error.verdict() == Verdict::Permanent {
                    self.refuse(error.copy(), pause);
                }
                Err(error)
            }
        }
    }

    fn refuse(&mut self, error: Error, pause: Duration) {
        self.refusal = Some((Instant::now() + pause, error));
    }

    fn check(&self) -> Result<()> {
        match &self.refusal {
            Some((until, error)) if Instant::now() < *until => Err(error.copy()),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl<P: TokenProvider + 'static> TokenProvider for SingleFlight<P> {
    async fn token(&self) -> Result<Authorization> {
        let state = Arc::clone(&self.state).lock_owned().await;
        state.check()?;
        match state.current.clone() {
            Some(current) if current.is_fresh() => Ok(current),
            stale => self.renew(state, stale).await,
        }
    }

    async fn refresh(&self, stale: &Authorization) -> Result<Authorization> {
        let state = Arc::clone(&self.state).lock_owned().await;
        state.check()?;
        match &state.current {
            Some(current) if current.generation() != stale.generation() => Ok(current.clone()),
            _ => self.renew(state, Some(stale.clone())).await,
        }
    }

    async fn refused(&self, fresh: &Authorization) {
        let mut state = self.state.lock().await;
        if state.generation == fresh.generation() {
            let error = Error::new(ErrorKind::Unauthorized, "token")
                .with_message("the server refuses new credentials too, so it is not asked for a while")
                .with_verdict(Verdict::Temporary { retry_after: Some(self.pause) });
            state.refuse(error, self.pause);
        }
    }

    async fn replaced(&self) {
        self.provider.replaced().await;
        let mut state = self.state.lock().await;
        (state.current, state.refusal) = (None, None);
    }
}

impl<P> fmt::Debug for SingleFlight<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("pause", &self.pause).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Login {
        asked: AtomicU32,
        wrong: bool,
        lifetime: Option<Duration>,
    }

    #[async_trait]
    impl TokenProvider for Login {
        async fn token(&self) -> Result<Authorization> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self.wrong {
                return Err(Error::new(ErrorKind::Unauthorized, "login"));
            }
            let token = Authorization::bearer("t".into())?;
            Ok(match self.lifetime {
                Some(lifetime) => token.renew_at(Instant::now() + lifetime),
                None => token,
            })
        }

        async fn refresh(&self, _: &Authorization) -> Result<Authorization> {
            self.token().await
        }
    }

    fn asked(flight: &SingleFlight<Login>) -> u32 {
        flight.provider.asked.load(Ordering::Relaxed)
    }

    const PAUSE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn ten_tasks_cause_one_refresh() {
        let flight = SingleFlight::new(Login::default(), PAUSE);
        let stale = flight.token().await.unwrap();
        let new = futures::future::join_all((0..10).map(|_| flight.refresh(&stale))).await;
        assert!(new.iter().all(|new| new.as_ref().unwrap().generation() == 2));
        assert_eq!(asked(&flight), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_outlives_the_task_that_caused_it() {
        let flight = SingleFlight::new(Login::default(), PAUSE);
        let impatient = tokio::time::timeout(Duration::from_millis(1), flight.token()).await;
        assert!(impatient.is_err());
        assert_eq!(flight.token().await.unwrap().generation(), 1);
        assert_eq!(asked(&flight), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_password_is_tried_once_in_a_while() {
        let flight = SingleFlight::new(Login { wrong: true, ..Login::default() }, PAUSE);
        for _ in 0..5 {
            assert_eq!(flight.token().await.unwrap_err().kind(), ErrorKind::Unauthorized);
        }
        assert_eq!(asked(&flight), 1);
        tokio::time::sleep(PAUSE).await;
        assert!(flight.token().await.is_err());
        assert_eq!(asked(&flight), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_it_expires() {
        let flight = SingleFlight::new(Login { lifetime: Some(PAUSE), ..Login::default() }, PAUSE);
        assert_eq!(flight.token().await.unwrap().generation(), 1);
        assert_eq!(flight.token().await.unwrap().generation(), 1);
        tokio::time::sleep(PAUSE).await;
        assert_eq!(flight.token().await.unwrap().generation(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_credentials_that_were_replaced_are_asked_for_at_once() {
        let flight = SingleFlight::new(Login::default(), PAUSE);
        let first = flight.token().await.unwrap();
        flight.refused(&first).await;
        flight.replaced().await;
        assert_eq!(flight.token().await.unwrap().generation(), 2);
        assert_eq!(asked(&flight), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_new_token_stops_the_logins() {
        let flight = SingleFlight::new(Login::default(), PAUSE);
        let first = flight.token().await.unwrap();
        flight.refused(&first).await;
        assert!(flight.refresh(&first).await.is_err());
        assert_eq!(asked(&flight), 1);
    }
}
