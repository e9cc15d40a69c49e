//! Access by OAuth: a clinic connects an app of the marketplace, and GHL hands out tokens that last a day.
//!
//! - [`App::authorize_url`] is where the clinic's admin goes; GHL sends them back with a code.
//! - [`TokenEndpoint::exchange`] turns the code into a [`TokenSet`], which goes into a [`TokenStore`].
//! - A [`Client`](crate::Client) whose [`Credentials`](crate::Credentials) are a [`Grant`] takes its tokens from that store and renews
//!   them.
//!
//! A refresh token works once: every renewal answers with another one. Who loses that answer has lost the access, and the clinic has
//! to connect again. So a new token is stored before it is used, and only in the place of the one that it was bought with.

mod app;
mod endpoint;
mod provider;
mod refusal;
mod store;
mod token_set;
mod wire;

pub use app::{App, MARKETPLACE_URL, SCOPES};
pub use endpoint::TokenEndpoint;
pub use provider::{Grant, GrantTokens};
pub use store::{MemoryTokenStore, StoreError, Swap, TokenStore};
pub use token_set::{TokenSet, UserType};
