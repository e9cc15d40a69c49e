//! The fixed part of every address, and what may be put behind it.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use url::{Host, Url};

use crate::{Error, ErrorKind, Result};

/// Where a vendor's API lives: scheme, host and base path. Only `https`, except for loopback addresses.
/// No request can leave it: paths are appended, never joined.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl {
    text: String,
    loopback: bool,
}

impl BaseUrl {
    /// The address without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is this machine; then plain `http` is allowed and no proxy is asked.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Scheme, host and port.
    pub(crate) fn covers(&self, uri: &http::Uri) -> bool {
        let address = uri.to_string();
        let rest = address.strip_prefix(self.text.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|_| invalid("it is not an absolute URL"))?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(invalid("it has no host")),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(invalid("only https is allowed, and http for loopback addresses"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must not carry a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must not carry a query or a fragment"));
        }
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), loopback })
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::Configuration, "base URL").with_message(why)
}

/// Encodes everything but the unreserved characters of RFC 3986, so that the text is one path segment or
/// one query value whatever it contains.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_accepted() {
        for good in ["https://x.example/api/1.0/", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"] {
            assert!(good.parse::<BaseUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://x.example",
            "ftp://x.example",
            "x.example",
            "https://user:secret@x.example",
            "https://x.example?a=b",
            "http://127.0.0.1.x.example",
        ] {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_trailing_slash_goes() {
        let base: BaseUrl = "https://x.example/api/".parse().unwrap();
        assert_eq!(base.as_str(), "https://x.example/api");
    }

    #[test]
    fn covers_only_addresses_below_it() {
        let base: BaseUrl = "https://x.example/api".parse().unwrap();
        assert!(base.covers(&"https://x.example/api/contacts/".parse().unwrap()));
        assert!(!base.covers(&"https://x.example/apix".parse().unwrap()));
        assert!(!base.covers(&"https://x.example.evil/api/".parse().unwrap()));
    }

    #[test]
    fn plus_at_space_and_slash_are_encoded() {
        assert_eq!(percent_encode("a+b@c d/é~"), "a%2Bb%40c%20d%2F%C3%A9~");
    }
}
