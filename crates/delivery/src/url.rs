//! The URL of a gateway.

use std::fmt;
use std::str::FromStr;

use domain::ValueError;
use reqwest::Url;

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

/// Whether an `@` comes after the host. What looks like host and port may then be a user and the beginning of a
/// password in which `/`, `?` or `#` should have been escaped.
pub(crate) fn has_at_after_host(url: &Url) -> bool {
    [url.path(), url.query().unwrap_or_default(), url.fragment().unwrap_or_default()].iter().any(|p| p.contains('@'))
}

/// Whether only this computer sees what is sent to this host.
pub(crate) fn is_local(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
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
