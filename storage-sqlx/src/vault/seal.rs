//! AES-256-GCM-SIV with a random nonce.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Failure;

/// The first byte of everything sealed, so that another algorithm can come later.
const ALGORITHM: u8 = 1;

/// A key of 256 bits. Its `Debug` prints nothing, and it is wiped when dropped.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl Key {
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        (bytes.len() == 32).then(|| {
            key.copy_from_slice(bytes);
            Self(key)
        })
    }

    pub(crate) fn random() -> Result<Self, Failure> {
        let mut key = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *key).map_err(|_| Failure::Crypto)?;
        Ok(Self(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Another key from this one, for a purpose.
    pub(crate) fn derive(&self, salt: &[u8], purpose: &str) -> Result<Self, Failure> {
        let mut key = Zeroizing::new([0; 32]);
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&*self.0);
        extracted.expand(&[purpose.as_bytes()], Length).and_then(|okm| okm.fill(&mut *key)).map_err(|_| Failure::Crypto)?;
        Ok(Self(key))
    }

    /// Seals a text to a place: it does not open anywhere else.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, Failure> {
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, &*self.0).map_err(|_| Failure::Crypto)?;
        // Room for the tag too: a buffer that grows would leave the plain text behind.
        let mut text = Vec::with_capacity(plain.len() + AES_256_GCM_SIV.tag_len());
        text.extend_from_slice(plain);
        let Ok(nonce) = key.seal_in_place_append_tag(Aad::from(place), &mut text) else {
            text.zeroize();
            return Err(Failure::Crypto);
        };
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(ALGORITHM);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens what was sealed to this place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let (&ALGORITHM, rest) = sealed.split_first().ok_or(Failure::Sealed)? else { return Err(Failure::Sealed) };
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(Failure::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Failure::Sealed)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, &*self.0).map_err(|_| Failure::Crypto)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = key.open_in_place(nonce, Aad::from(place), &mut text).map_err(|_| Failure::Sealed)?.len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A salt for a person of whom nothing was sealed yet.
pub(crate) fn fresh_salt() -> Result<Vec<u8>, Failure> {
    let mut salt = vec![0; 16];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| Failure::Crypto)?;
    Ok(salt)
}

/// The place of a sealed entry: its table, and what identifies its row.
pub(crate) fn identity(parts: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::new();
    for part in parts {
        place.extend_from_slice(&(part.len() as u64).to_be_bytes());
        place.extend_from_slice(part);
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_in_its_place_and_unchanged() {
        let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
        let sealed = key.seal(b"here", b"secret").unwrap();
        assert_eq!(&**key.open(b"here", &sealed).unwrap(), b"secret");
        assert!(other.open(b"here", &sealed).is_err(), "another key");
        assert!(key.open(b"there", &sealed).is_err(), "another place");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(key.open(b"here", &changed).is_err(), "byte {index} was changed");
            assert!(key.open(b"here", &sealed[..index]).is_err(), "cut after {index} bytes");
        }
        assert_ne!(sealed, key.seal(b"here", b"secret").unwrap(), "the nonce is random");
    }

    #[test]
    fn derived_keys_differ_by_salt_and_purpose() {
        let key = Key::random().unwrap();
        let derived = |salt: &[u8], purpose| *key.derive(salt, purpose).unwrap().bytes();
        assert_eq!(derived(b"a", "x"), derived(b"a", "x"));
        assert_ne!(derived(b"a", "x"), derived(b"b", "x"));
        assert_ne!(derived(b"a", "x"), derived(b"a", "y"));
    }

    #[test]
    fn the_parts_of_a_place_cannot_be_shifted() {
        assert_ne!(identity(&[b"ab", b"c"]), identity(&[b"a", b"bc"]));
    }
}
