//! The HTTP client of the gateways, and their URLs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use domain::ValueError;
use reqwest::{Client, Url, redirect};

use crate::sender::{GatewayError, SendError};

/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// How long a whole request may take. The outbox waits longer, since this client knows better what failed.
const TOTAL_LIMIT: Duration = Duration::from_secs(9);
const USER_AGENT: &str = concat!("clientele/", env!("CARGO_PKG_VERSION"));

/// The URL of a gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(Url);

impl HttpUrl {
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The whole of it, which may hold a key or a password: not to be shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_plain(&self) -> bool {
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
        let Some(server) = server(url, "") else { return write!(f, "{}://…", url.scheme()) };
        f.write_str(&server)?;
        f.write_str(if url.path() == "/" && url.query().is_none() { "" } else { "/…" })
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({self})")
    }
}

/// Scheme, this user, host and port; `None` when an `@` comes after the host. What looks like host and port may then be
/// a user and the beginning of a password in which `/`, `?` or `#` should have been escaped.
pub(crate) fn server(url: &Url, user: &str) -> Option<String> {
    let after_host = [url.path(), url.query().unwrap_or_default(), url.fragment().unwrap_or_default()];
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let server = format!("{}://{user}{}{port}", url.scheme(), url.host_str().unwrap_or_default());
    Some(server).filter(|_| !after_host.iter().any(|part| part.contains('@')))
}

/// Whether only this computer sees what is sent to this host.
pub(crate) fn is_local(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// A client without redirects, since codes may go only where the operator says.
pub(crate) fn client() -> Result<Client, GatewayError> {
    let builder = Client::builder().connect_timeout(CONNECT_LIMIT).timeout(TOTAL_LIMIT).user_agent(USER_AGENT);
    let client = builder.redirect(redirect::Policy::none()).build();
    client.map_err(|error| GatewayError(Box::new(error)))
}

/// The URL may have a key of the operator, so the error does not show it.
pub(crate) fn failed(error: reqwest::Error) -> SendError {
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
