#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod budget;
mod change;
mod classify;
mod clock;
mod error;
mod meter;
mod paging;
mod pipeline;
mod request;
pub mod retry;
pub mod shown;
mod single_flight;
pub mod split;
mod timeouts;
pub mod transport;
mod url;

pub use answer::{Answer, decode};
pub use auth::{Authorization, StaticToken, TokenProvider};
pub use budget::{OnWait, SharedBudget};
pub use change::{Change, text_clears};
pub use classify::{Class, Classify, Refusal, retry_after};
pub use clock::WallClock;
pub use error::{Error, ErrorKind, Existing, Result, Verdict};
pub use meter::{Counts, EndpointCount, Meter};
pub use paging::{Page, pages};
pub use pipeline::{Elements, Pipeline, Settings};
pub use request::{Idempotency, Request};
pub use shown::Shown;
pub use single_flight::SingleFlight;
pub use timeouts::Timeouts;
pub use transport::{Body, ReqwestTransport, ServiceTransport, Transport, TransportError};
pub use url::{BaseUrl, percent_encode};
