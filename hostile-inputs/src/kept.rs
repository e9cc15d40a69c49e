//! What is read back from where it was kept: cursors, ids, tokens.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ghl_client::Cursor;
use ghl_client::oauth::TokenSet;
use secrecy::{ExposeSecret, SecretString};
use sync_core::{LinkId, ReviewId, Token};

use crate::assert_short;

/// Reads a cursor, ids and tokens from what may have been written by anybody.
///
/// # Panics
/// When reading panics, or what was read is written and read as something else.
pub fn kept(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    id::<LinkId>(&text);
    id::<ReviewId>(&text);
    id::<Token>(&text);
    tokens(&text);
    match Cursor::from_json(text) {
        Ok(cursor) => assert!(Cursor::from_json(cursor.as_json()).is_ok_and(|again| again == cursor)),
        Err(refusal) => assert_short(&refusal),
    }
}

fn id<I: FromStr + Display + Debug + PartialEq>(text: &str) {
    let Ok(id) = text.parse::<I>() else { return };
    let again = id.to_string().parse::<I>().ok();
    assert_eq!(again.as_ref(), Some(&id));
}

fn tokens(text: &str) {
    match TokenSet::from_json(&SecretString::from(text)) {
        Ok(tokens) => {
            let written = tokens.to_json();
            let again = TokenSet::from_json(&written).expect("what was written is read");
            assert_eq!(again.to_json().expose_secret(), written.expose_secret());
        }
        Err(refusal) => assert_short(&refusal),
    }
}
