//! Webhooks: from anybody, until the signature says otherwise.

use std::sync::OnceLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ghl_client::webhook::{Event, PublicKey, SIGNATURE_HEADER, Verifier};
use http::{HeaderMap, HeaderValue};

use crate::assert_short;

/// A webhook as anybody may send it. The first byte says how long the signature is that follows it; the rest is the body.
///
/// # Panics
/// When an unsigned body is accepted, a signed one refused, or an altered one accepted; or when decoding panics.
pub fn webhook(data: &[u8]) {
    let (length, rest) = data.split_first().map_or((0, data), |(length, rest)| (usize::from(*length), rest));
    let (signature, body) = rest.split_at(length.min(rest.len()));
    assert!(Verifier::default().verify(&headers(signature), body).is_err(), "nobody but GHL has its key");
    signed(body, length);
    // Decoded although it is refused: whoever has the key is no better at JSON.
    match Event::decode(body) {
        Ok(event) => drop(format!("{event:?}")),
        Err(refusal) => assert_short(&refusal),
    }
    let _ = String::from_utf8_lossy(body).parse::<PublicKey>();
}

fn headers(signature: &[u8]) -> HeaderMap {
    HeaderValue::from_bytes(signature).map(|value| HeaderMap::from_iter([(SIGNATURE_HEADER, value)])).unwrap_or_default()
}

/// What a known key has signed is accepted, and not any more once a bit of it is another.
fn signed(body: &[u8], place: usize) {
    let pair = pair();
    let key: [u8; 32] = pair.public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes");
    let verifier = Verifier::new([PublicKey::new(key)]);
    let headers = headers(STANDARD.encode(pair.sign(body)).as_bytes());
    assert_eq!(verifier.verify(&headers, body), Ok(()));
    let mut altered = body.to_vec();
    match altered.get_mut(place) {
        Some(byte) => *byte ^= 1,
        None => altered.push(0),
    }
    assert!(verifier.verify(&headers, &altered).is_err(), "an altered body");
}

fn pair() -> &'static Ed25519KeyPair {
    static PAIR: OnceLock<Ed25519KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed"))
}
