//! A tenant's keys.

use std::fmt;

use sync_core::{Digester, LinkId, PreImage, ReviewId, TenantId, Values};
use zeroize::Zeroizing;

use super::{Key, MasterKey, identity};
use crate::error::Failure;

/// The key of a tenant's digests. Its `Debug` prints the version only.
#[derive(Clone)]
pub struct TenantKey {
    key: Key,
    version: u32,
}

impl TenantKey {
    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        self.key.bytes()
    }

    /// Counts the tenant's key changes.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What makes digests under this key.
    #[must_use]
    pub fn digester(&self) -> Digester {
        Digester::new(self.bytes(), self.version)
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantKey").field("version", &self.version).finish_non_exhaustive()
    }
}

/// All keys of one tenant.
#[derive(Debug)]
pub(crate) struct TenantSecrets {
    tenant: TenantId,
    data: Key,
    secrets: Key,
    digests: TenantKey,
}

impl TenantSecrets {
    /// A fresh data key, wrapped.
    pub(crate) fn wrap_new(master: &MasterKey, tenant: &TenantId, version: u32) -> Result<Vec<u8>, Failure> {
        master.key().seal(&wrapping(tenant, version), Key::random()?.bytes())
    }

    /// The keys, from the wrapped data key.
    pub(crate) fn unwrap(master: &MasterKey, tenant: &TenantId, version: u32, wrapped: &[u8]) -> Result<Self, Failure> {
        let data = master.key().open(&wrapping(tenant, version), wrapped)?;
        let data = Key::from_slice(&data).ok_or(Failure::Sealed)?;
        let digests = TenantKey { key: data.derive(&[], "digests")?, version };
        Ok(Self { tenant: tenant.clone(), secrets: data.derive(&[], "secrets")?, data, digests })
    }

    /// The same data key, wrapped under another master key.
    pub(crate) fn wrap(&self, master: &MasterKey) -> Result<Vec<u8>, Failure> {
        master.key().seal(&wrapping(&self.tenant, self.digests.version), self.data.bytes())
    }

    /// The key of the digests.
    pub(crate) const fn digests(&self) -> &TenantKey {
        &self.digests
    }

    /// The key for what is readable about one person.
    fn person(&self, salt: &[u8]) -> Result<Key, Failure> {
        self.data.derive(salt, "person")
    }

    /// Seals a review item's values; none where there are none.
    pub(crate) fn seal_values(&self, salt: &[u8], review: ReviewId, values: &Values) -> Result<Option<Vec<u8>>, Failure> {
        if values.0.is_empty() {
            return Ok(None);
        }
        let plain = Zeroizing::new(serde_json::to_vec(values).map_err(|_| Failure::Encode("review item's values"))?);
        self.person(salt)?.seal(&self.place(&[b"review", &review.to_bytes()]), &plain).map(Some)
    }

    /// Opens a review item's values.
    pub(crate) fn open_values(&self, salt: &[u8], review: ReviewId, sealed: &[u8]) -> Result<Values, Failure> {
        let plain = self.person(salt)?.open(&self.place(&[b"review", &review.to_bytes()]), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Failure::Sealed)
    }

    /// Seals an overwritten value; none where the field was empty.
    pub(crate) fn seal_pre_image(&self, salt: &[u8], image: &PreImage) -> Result<Option<Vec<u8>>, Failure> {
        let Some(value) = &image.value else { return Ok(None) };
        self.person(salt)?.seal(&self.pre_image_place(image), value.as_bytes()).map(Some)
    }

    /// Opens an overwritten value; `image` is the row without it.
    pub(crate) fn open_pre_image(&self, salt: &[u8], image: &PreImage, sealed: &[u8]) -> Result<String, Failure> {
        let plain = self.person(salt)?.open(&self.pre_image_place(image), sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| Failure::Sealed)
    }

    /// Seals a secret such as a token.
    pub(crate) fn seal_secret(&self, name: &str, secret: &str) -> Result<Vec<u8>, Failure> {
        self.secrets.seal(&self.place(&[b"secret", name.as_bytes()]), secret.as_bytes())
    }

    /// Opens a secret.
    pub(crate) fn open_secret(&self, name: &str, sealed: &[u8]) -> Result<String, Failure> {
        let plain = self.secrets.open(&self.place(&[b"secret", name.as_bytes()]), sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| Failure::Sealed)
    }

    fn pre_image_place(&self, image: &PreImage) -> Vec<u8> {
        let link: LinkId = image.link;
        let at = image.at.timestamp_micros().to_be_bytes();
        let (side, record, field) = (image.side.as_str().as_bytes(), image.record.as_str().as_bytes(), image.field.as_str().as_bytes());
        self.place(&[b"pre_image", &link.to_bytes(), side, record, field, &at])
    }

    fn place(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut all = vec![self.tenant.as_str().as_bytes()];
        all.extend_from_slice(parts);
        identity(&all)
    }
}

fn wrapping(tenant: &TenantId, version: u32) -> Vec<u8> {
    identity(&[b"tenant_key", tenant.as_str().as_bytes(), &version.to_be_bytes()])
}
