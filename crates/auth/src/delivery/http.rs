//! What gateways that speak HTTP have in common.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use domain::ValueError;
use reqwest::{Client, Url, redirect};

use super::{GatewayError, is_local};
use crate::outbox::SendError;

/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// How long all of it may take; less than the outbox waits, which knows less of what happened.
const TOTAL_LIMIT: Duration = Duration::from_secs(9);
const USER_AGENT: &str = concat!("clientele/", env!("CARGO_PKG_VERSION"));

/// The address of a gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(Url);

impl HttpUrl {
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The whole of it, which may hold a key or a password: not to be shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http" && !self.0.host_str().is_some_and(is_local)
    }
}

impl FromStr for HttpUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.map(Self).ok_or_else(|| ValueError::new("invalid_url", "not a URL such as https://example.com/codes"))
    }
}

/// Without what may hold a key: path, options and user.
impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.0;
        if has_at_after_host(url) {
            return write!(f, "{}://…", url.scheme());
        }
        write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(if url.path() == "/" && url.query().is_none() { "" } else { "/…" })
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({self})")
    }
}

/// Whether an `@` comes after the host. What looks like host and port may then be a user and the beginning of a password
/// in which `/`, `?` or `#` should have been escaped.
pub(super) fn has_at_after_host(url: &Url) -> bool {
    [url.path(), url.query().unwrap_or_default(), url.fragment().unwrap_or_default()].iter().any(|p| p.contains('@'))
}

/// Codes go where the operator said, and nowhere that a gateway points to.
pub(super) fn client() -> Result<Client, GatewayError> {
    let builder = Client::builder().connect_timeout(CONNECT_LIMIT).timeout(TOTAL_LIMIT).user_agent(USER_AGENT);
    let client = builder.redirect(redirect::Policy::none()).build();
    client.map_err(|error| GatewayError(Box::new(error)))
}

/// The URL may hold a key of the operator's, so it stays out of the error.
pub(super) fn failed(error: reqwest::Error) -> SendError {
    if error.is_timeout() { SendError::TimedOut } else { SendError::Failed(Box::new(error.without_url())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_of_http_and_warns_when_others_can_read_along() {
        for (text, plain) in [
            ("https://example.com/codes", Some(false)),
            ("http://example.com/codes", Some(true)),
            ("http://localhost:3000", Some(false)),
            ("http://127.0.0.1:3000/", Some(false)),
            ("http://[::1]:3000/", Some(false)),
            ("ftp://example.com", None),
            ("example.com/codes", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<HttpUrl>().ok().map(|url| url.is_plain()), plain, "{text}");
        }
    }

    #[test]
    fn what_is_printed_holds_no_key() {
        let url: HttpUrl = "https://user:sesame@example.com/hooks/sesame?key=sesame".parse().unwrap();
        assert_eq!(
            (url.to_string().as_str(), format!("{url:?}").as_str()),
            ("https://example.com/…", "HttpUrl(https://example.com/…)")
        );
        let url: HttpUrl = "https://user:sesame@example.com:8443".parse().unwrap();
        assert_eq!(url.to_string(), "https://example.com:8443");
    }
}
