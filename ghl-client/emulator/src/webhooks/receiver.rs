//! Where webhooks go.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

type Answering = Pin<Box<dyn Future<Output = Option<StatusCode>> + Send>>;

/// A webhook as it arrives.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The headers, the signature among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Takes webhooks and answers them with a status, or not at all.
#[derive(Clone)]
pub struct Receiver(Arc<dyn Fn(Webhook) -> Answering + Send + Sync>);

impl Receiver {
    /// Something in the same process.
    pub fn new<F, Answer>(receive: F) -> Self
    where
        F: Fn(Webhook) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Option<StatusCode>> + Send + 'static,
    {
        Self(Arc::new(move |webhook| Box::pin(receive(webhook))))
    }

    /// A URL, to which they are posted.
    ///
    /// # Errors
    /// When there is no HTTP client to be had.
    pub fn url(url: &str) -> io::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build().map_err(io::Error::other)?;
        let url = url.to_owned();
        Ok(Self::new(move |webhook| {
            let request = client.post(&url).headers(webhook.headers).body(webhook.body);
            async move { Some(request.send().await.ok()?.status()) }
        }))
    }

    pub(super) fn receive(&self, webhook: Webhook) -> Answering {
        (self.0)(webhook)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}
