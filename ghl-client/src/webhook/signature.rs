//! Whether a webhook comes from GHL.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::HeaderName;
use sync_http::{Error, ErrorKind, Result};

/// The header with the Ed25519 signature of the raw body. The older `x-wh-signature`, which is RSA, is not accepted: GHL has
/// announced its end for 2026.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-ghl-signature");

/// The key of GHL's guide to webhooks, as receivers in practice carry it.
const GHL: [u8; KEY_LEN] = [
    0x8b, 0x61, 0xd1, 0xd6, 0xca, 0xcb, 0xe2, 0x8d, 0x7c, 0x3b, 0xc0, 0x51, 0x6b, 0xb8, 0x15, 0x25, 0x8e, 0xc6, 0xed, 0xbb, 0xa9, 0x6c,
    0xdd, 0xc7, 0xf4, 0x0c, 0x09, 0xac, 0x70, 0x83, 0x88, 0xe8,
];
const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;
/// What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410).
const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; KEY_LEN]);

impl PublicKey {
    /// GHL's own.
    #[must_use]
    pub fn ghl() -> Self {
        Self(GHL)
    }

    /// A key from its raw bytes.
    #[must_use]
    pub fn new(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    fn accepts(self, body: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(body, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    /// Reads a key in PEM, as GHL publishes it.
    fn from_str(pem: &str) -> Result<Self> {
        let wrong = || Error::new(ErrorKind::Configuration, "webhook").with_message("this is no Ed25519 public key in PEM");
        let text: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = STANDARD.decode(text).map_err(|_| wrong())?;
        let raw = der.strip_prefix(&DER_PREFIX).ok_or_else(wrong)?;
        raw.try_into().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", STANDARD.encode(self.0))
    }
}

/// Why a webhook is refused. Answer it with 401, and read nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It is not signed. The webhooks of workflows never are.
    Missing,
    /// The signature is not one: not base64, of another length, or there are several.
    Malformed,
    /// None of the keys has signed these bytes.
    Wrong,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the webhook is not signed",
            Self::Malformed => "the webhook's signature is malformed",
            Self::Wrong => "the webhook's signature is not GHL's",
        })
    }
}

impl std::error::Error for Rejection {}

/// Checks signatures. By default with GHL's key alone.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Vec<PublicKey>,
}

impl Verifier {
    /// Accepts what one of these keys has signed; while GHL changes its key, there are two. Without a key everything is refused.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self { keys: keys.into_iter().collect() }
    }

    /// Checks the bytes of a body as they arrived. Bytes that were parsed and written again are other bytes.
    ///
    /// # Errors
    /// When they are not signed, or not by one of the keys.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Rejection> {
        let signature = signature(headers)?;
        if self.keys.iter().any(|key| key.accepts(body, &signature)) { Ok(()) } else { Err(Rejection::Wrong) }
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new([PublicKey::ghl()])
    }
}

fn signature(headers: &HeaderMap) -> Result<[u8; SIGNATURE_LEN], Rejection> {
    let mut values = headers.get_all(SIGNATURE_HEADER).iter();
    let text = values.next().ok_or(Rejection::Missing)?.to_str().map_err(|_| Rejection::Malformed)?.trim();
    if values.next().is_some() {
        return Err(Rejection::Malformed);
    }
    // GHL has been seen to write this where there is no signature.
    if text.is_empty() || text == "N/A" {
        return Err(Rejection::Missing);
    }
    let bytes = STANDARD.decode(text).map_err(|_| Rejection::Malformed)?;
    bytes.try_into().map_err(|_| Rejection::Malformed)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    const BODY: &[u8] = br#"{"type":"ContactCreate", "id":"c1"}"#;

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn key(seed: u8) -> PublicKey {
        PublicKey::new(pair(seed).public_key().as_ref().try_into().unwrap())
    }

    fn signed(seed: u8, body: &[u8]) -> String {
        STANDARD.encode(pair(seed).sign(body))
    }

    #[test]
    fn a_key_and_a_rejection_can_be_told_apart_in_a_log() {
        assert_eq!(format!("{:?}", PublicKey::ghl()), "PublicKey(i2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=)");
        let said = [Rejection::Missing, Rejection::Malformed, Rejection::Wrong].map(|rejection| rejection.to_string());
        assert!(said[0].contains("not signed") && said[1].contains("malformed") && said[2].contains("not GHL's"), "{said:?}");
    }

    fn verify(keys: &[u8], signatures: &[&str], body: &[u8]) -> Result<(), Rejection> {
        let mut headers = HeaderMap::new();
        for signature in signatures {
            headers.append(SIGNATURE_HEADER, signature.parse().unwrap());
        }
        Verifier::new(keys.iter().map(|seed| key(*seed))).verify(&headers, body)
    }

    #[test]
    fn what_a_listed_key_has_signed_is_accepted() {
        let signature = signed(1, BODY);
        assert_eq!(verify(&[1], &[&signature], BODY), Ok(()));
        assert_eq!(verify(&[2, 1], &[&signature], BODY), Ok(()), "while the key changes");
    }

    #[test]
    fn an_altered_body_is_refused() {
        let signature = signed(1, BODY);
        let mut altered = BODY.to_vec();
        for at in 0..altered.len() {
            altered[at] ^= 1;
            assert_eq!(verify(&[1], &[&signature], &altered), Err(Rejection::Wrong), "{at}");
            altered[at] ^= 1;
        }
        let same_json = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(BODY).unwrap()).unwrap();
        assert_eq!(verify(&[1], &[&signature], &same_json), Err(Rejection::Wrong), "written again");
        assert_eq!(verify(&[1], &[&signature], b""), Err(Rejection::Wrong));
    }

    #[test]
    fn the_signature_of_another_key_is_refused() {
        let signature = signed(2, BODY);
        assert_eq!(verify(&[1], &[&signature], BODY), Err(Rejection::Wrong));
        assert_eq!(verify(&[], &[&signature], BODY), Err(Rejection::Wrong), "no key at all");
    }

    #[test]
    fn a_missing_signature_is_refused() {
        for signatures in [&[][..], &[""], &["  "], &["N/A"]] {
            assert_eq!(verify(&[1], signatures, BODY), Err(Rejection::Missing), "{signatures:?}");
        }
        let mut legacy = HeaderMap::new();
        legacy.insert("x-wh-signature", signed(1, BODY).parse().unwrap());
        assert_eq!(Verifier::new([key(1)]).verify(&legacy, BODY), Err(Rejection::Missing), "under the older header");
    }

    #[test]
    fn a_truncated_or_repeated_signature_is_refused() {
        let signature = signed(1, BODY);
        for length in 1..signature.len() {
            assert_eq!(verify(&[1], &[&signature[..length]], BODY), Err(Rejection::Malformed), "{length}");
        }
        assert_eq!(verify(&[1], &["no base64!"], BODY), Err(Rejection::Malformed));
        assert_eq!(verify(&[1], &[&signature, &signature], BODY), Err(Rejection::Malformed));
    }

    #[test]
    fn the_published_key_is_built_in_and_read_from_its_pem() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=\n-----END PUBLIC KEY-----\n";
        assert_eq!(pem.parse::<PublicKey>().unwrap(), PublicKey::ghl());
        assert_eq!(Verifier::default().keys, [PublicKey::ghl()]);
    }

    #[test]
    fn what_is_no_such_key_is_an_error() {
        let of_another_length = STANDARD.encode([&DER_PREFIX[..], &[0; 31]].concat());
        for pem in ["", "key", "AAAA", of_another_length.as_str()] {
            assert_eq!(pem.parse::<PublicKey>().unwrap_err().kind(), ErrorKind::Configuration, "{pem}");
        }
    }
}
