//! Keyed digests: what links remember instead of values.

use std::fmt;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::{Field, FieldName};

/// A keyed hash of 128 bits. Without the tenant's key it tells nothing about the value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// A digest from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for Digest {
    /// Prints nothing of the digest: logs carry ids, not digests.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The link's own salt: two people with one value have different digests, and dropping the salt
/// makes a link's digests meaningless.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salt([u8; 16]);

impl Salt {
    /// A salt from random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// Makes digests under one tenant's key.
#[derive(Clone)]
pub struct Digester {
    key: hmac::Key,
    version: u32,
}

impl Digester {
    /// A digester under `key` (32 bytes); `version` counts the tenant's key changes.
    #[must_use]
    pub fn new(key: &[u8; 32], version: u32) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), version }
    }

    /// The version of the key.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The digest of a listed element's bytes.
    #[must_use]
    pub fn raw(&self, raw: &[u8]) -> Digest {
        // Bytes and text never share a message: this one starts with no domain tag, all others with one
        // that no JSON text can start with.
        self.sign(raw)
    }

    /// The digest of a field, salted by the link; `None` for a field that is not shown.
    #[must_use]
    pub fn field(&self, salt: Salt, name: &FieldName, field: Field<&str>) -> Option<Digest> {
        let (tag, text) = match field {
            Field::Unknown => return None,
            Field::Empty => (1, ""),
            Field::Value(text) => (2, text),
        };
        Some(self.tagged(tag, &[&salt.0, name.as_str().as_bytes(), text.as_bytes()]))
    }

    /// The digest of an identifier. Not salted: it must compare between links.
    #[must_use]
    pub fn identifier(&self, scheme: &str, text: &str) -> Digest {
        self.tagged(3, &[scheme.as_bytes(), text.as_bytes()])
    }

    /// The digest of names and ids that together ask one question.
    #[must_use]
    pub fn question(&self, parts: &[&[u8]]) -> Digest {
        self.tagged(4, parts)
    }

    fn tagged(&self, tag: u8, parts: &[&[u8]]) -> Digest {
        let length = parts.iter().map(|part| part.len() + 8).sum::<usize>() + 1;
        let mut message = Vec::with_capacity(length);
        message.push(tag);
        for part in parts {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        self.sign(&message)
    }

    fn sign(&self, message: &[u8]) -> Digest {
        let tag = hmac::sign(&self.key, message);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag.as_ref()[..16]);
        Digest(bytes)
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: FieldName = FieldName::from_static("email");

    #[test]
    fn salt_key_name_and_emptiness_all_change_the_digest() {
        let one = Digester::new(&[1; 32], 1);
        let other = Digester::new(&[2; 32], 1);
        let (salt, pepper) = (Salt::from_bytes([1; 16]), Salt::from_bytes([2; 16]));
        let all = [
            one.field(salt, &NAME, Field::Value("a@b.ch")),
            one.field(pepper, &NAME, Field::Value("a@b.ch")),
            other.field(salt, &NAME, Field::Value("a@b.ch")),
            one.field(salt, &FieldName::from_static("phone"), Field::Value("a@b.ch")),
            one.field(salt, &NAME, Field::Empty),
            one.field(salt, &NAME, Field::Unknown),
        ];
        for (index, digest) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|next| next != digest), "digest {index} is not unique");
        }
        assert_eq!(all[5], None);
    }
}
