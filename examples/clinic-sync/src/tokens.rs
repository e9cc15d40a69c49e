//! GHL's tokens, sealed in the vault.

use std::sync::Arc;

use async_trait::async_trait;
use ghl_client::oauth::{StoreError, Swap, TokenSet, TokenStore};
use secrecy::{ExposeSecret, SecretString};
use storage_sqlx::Store;
use sync_core::TenantId;

use crate::{Result, Service};

/// The name of the tokens in the vault.
const TOKENS: &str = "ghl/tokens";

/// The tokens of the tenant's GHL location.
#[derive(Clone, Debug)]
pub(crate) struct VaultTokens {
    store: Arc<dyn Store>,
    tenant: TenantId,
}

impl VaultTokens {
    pub(crate) fn of(service: &Service) -> Self {
        Self { store: service.store().clone(), tenant: service.tenant().clone() }
    }

    /// Stores what a new connection brought, whatever was there before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) async fn put(&self, tokens: &TokenSet) -> Result<()> {
        Ok(self.store.vault().put(&self.tenant, TOKENS, &tokens.to_json()).await?)
    }

    /// Forgets them; says whether there were any.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) async fn forget(&self) -> Result<bool> {
        Ok(self.store.vault().delete(&self.tenant, TOKENS).await?)
    }

    async fn stored(&self) -> Result<Option<SecretString>, StoreError> {
        Ok(self.store.vault().get(&self.tenant, TOKENS).await?)
    }
}

#[async_trait]
impl TokenStore for VaultTokens {
    async fn load(&self) -> Result<Option<TokenSet>, StoreError> {
        Ok(self.stored().await?.as_ref().map(TokenSet::from_json).transpose()?)
    }

    async fn swap(&self, old: &SecretString, new: &TokenSet) -> Result<Swap, StoreError> {
        let Some(stored) = self.stored().await? else { return Ok(Swap::Lost) };
        let refresh = |tokens: &TokenSet| tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned());
        let current = refresh(&TokenSet::from_json(&stored)?);
        if current.is_some() && current == refresh(new) {
            return Ok(Swap::Stored);
        }
        if current.as_deref() != Some(old.expose_secret()) {
            return Ok(Swap::Lost);
        }
        let swapped = self.store.vault().swap(&self.tenant, TOKENS, Some(&stored), &new.to_json()).await?;
        Ok(if swapped { Swap::Stored } else { Swap::Lost })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "demo")]
    mod crash;

    use chrono::Utc;
    use ghl_client::oauth::UserType;
    use storage_sqlx::{MasterKey, OpenOptions, SqliteStore};

    use super::*;

    fn tokens(refresh: &str) -> TokenSet {
        let json = serde_json::json!({
            "access_token": "a", "refresh_token": refresh, "expires_at": Utc::now(), "user_type": UserType::Location,
            "location_id": "loc", "company_id": null, "user_id": null, "scopes": [], "approved_locations": []
        });
        TokenSet::from_json(&SecretString::from(json.to_string())).unwrap()
    }

    #[tokio::test]
    async fn new_tokens_take_the_place_of_those_they_were_bought_with_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clinic.db");
        let master = MasterKey::beside(&path).unwrap().key;
        let store = Arc::new(SqliteStore::open(OpenOptions::new(path, master)).await.unwrap());
        let vault = VaultTokens { store, tenant: crate::TENANT };
        let swap = async |old: &str, new: &str| vault.swap(&old.into(), &tokens(new)).await.unwrap();
        assert_eq!(swap("one", "two").await, Swap::Lost, "nobody is connected");
        vault.put(&tokens("one")).await.unwrap();
        assert_eq!(swap("one", "two").await, Swap::Stored);
        assert_eq!(swap("one", "two").await, Swap::Stored, "once more does no harm");
        assert_eq!(swap("one", "three").await, Swap::Lost, "one is spent");
        let kept = vault.load().await.unwrap().unwrap();
        assert_eq!(kept.refresh_token.unwrap().expose_secret(), "two");
        assert!(vault.forget().await.unwrap() && vault.load().await.unwrap().is_none());
    }
}
