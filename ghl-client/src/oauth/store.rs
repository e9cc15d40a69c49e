//! Where tokens are kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;

use super::TokenSet;

/// Why a store failed. Its text gets into errors, so it must not contain a token.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// What became of new tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// They are stored, durably.
    Stored,
    /// They are not: somebody else has stored other ones meanwhile, and those count.
    Lost,
}

/// Keeps the tokens of one connected clinic, for all processes that use them.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The tokens that were stored last; `None` while nobody has connected.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn load(&self) -> Result<Option<TokenSet>, StoreError>;

    /// Stores `new` if `old` is still the refresh token that is stored; comparing and storing are one step. When it returns
    /// [`Swap::Stored`], a crash must not lose them: `old` is spent, and there is no other copy.
    ///
    /// # Errors
    /// When the store cannot be written. It is asked again, so storing the same tokens twice must be harmless.
    async fn swap(&self, old: &SecretString, new: &TokenSet) -> Result<Swap, StoreError>;
}

/// Tokens in memory, for tests and for trying things out: with the process, the access is gone.
#[derive(Debug, Default)]
pub struct MemoryTokenStore(Mutex<Option<TokenSet>>);

impl MemoryTokenStore {
    /// A store with these tokens.
    #[must_use]
    pub fn new(tokens: TokenSet) -> Self {
        Self(Mutex::new(Some(tokens)))
    }

    /// Stores what a new connection brought, whatever was there before.
    pub fn put(&self, tokens: TokenSet) {
        *self.lock() = Some(tokens);
    }

    fn lock(&self) -> MutexGuard<'_, Option<TokenSet>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn load(&self) -> Result<Option<TokenSet>, StoreError> {
        Ok(self.lock().clone())
    }

    async fn swap(&self, old: &SecretString, new: &TokenSet) -> Result<Swap, StoreError> {
        let mut stored = self.lock();
        if !stored.as_ref().is_some_and(|stored| stored.has_refresh_token(old)) {
            return Ok(Swap::Lost);
        }
        *stored = Some(new.clone());
        Ok(Swap::Stored)
    }
}
