//! Webhooks: whether they come from GHL, and what they say. No server is part of it; with the feature `webhooks`.
//!
//! A receiver takes the raw bytes of a request, and asks [`Verifier::verify`] before it reads any of them. Then
//! [`Event::decode`] tells which record to look at. An event is a hint: it may come twice, late, in another order or not at all, and
//! what it leaves out is not empty. The key is the same for all apps of GHL, so a good signature does not prove that the event is
//! about one of our locations: compare [`Envelope::app_id`] and [`Envelope::location_id`].
//!
//! ```
//! use ghl_client::webhook::{Event, Rejection, Subject, Verifier};
//!
//! # fn receive(headers: &http::HeaderMap, body: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! Verifier::default().verify(headers, body)?;
//! let event = Event::decode(body)?;
//! if let Subject::Contact { contact_id, .. } = &event.subject {
//!     let _look_at = (event.envelope.webhook_id, contact_id);
//! }
//! # Ok(())
//! # }
//! # let refused = receive(&http::HeaderMap::new(), b"{}").unwrap_err();
//! # assert_eq!(refused.downcast_ref(), Some(&Rejection::Missing));
//! ```

mod event;
mod read;
mod signature;

pub use event::{AppointmentChange, Change, ContactChange, Envelope, Event, Install, Subject, TaskChange};
pub use signature::{PublicKey, Rejection, SIGNATURE_HEADER, Verifier};
