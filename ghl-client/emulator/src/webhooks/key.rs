//! The key that webhooks are signed with: a pair of our own, made from the seed.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::chance::Chance;

/// Mixed into the seed, so that the key has nothing to do with ids.
const KEY: u64 = 0x0edd;
/// What stands before an Ed25519 key in its DER form (RFC 8410).
const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[derive(Debug)]
pub(crate) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    pub(crate) fn new(seed: u64) -> Self {
        let seed = Chance::new(seed ^ KEY).bytes();
        Self(Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are the seed of a key"))
    }

    /// The signature as the header carries it.
    pub(crate) fn sign(&self, body: &[u8]) -> String {
        STANDARD.encode(self.0.sign(body))
    }

    /// The public key in PEM, which is how GHL publishes its own.
    pub(crate) fn public_pem(&self) -> String {
        let der = [&DER_PREFIX, self.0.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }
}
