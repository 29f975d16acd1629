//! Where clients reach the service.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use actix_web::http::Uri;
use domain::ValueError;

/// The URL at which clients reach the service, without a slash at its end. It names the issuer of the access tokens
/// (RFC 8414 section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// That of a service which is called at the address that it listens on.
    #[must_use]
    pub fn of_address(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of one of our paths, which begins with a slash.
    pub(crate) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// What a browser sends as `Origin` from a page of ours (RFC 6454 section 6.2).
    pub(crate) fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        self.0[host..].find('/').map_or(self.0.as_str(), |end| &self.0[..host + end])
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let about = "must be a URL such as https://people.example.com, in lower case, without user, ? and #";
        let error = || ValueError::new("invalid", about);
        let uri: Uri = text.parse().map_err(|_| error())?;
        let (scheme, host) = (uri.scheme_str().ok_or_else(error)?, uri.authority().ok_or_else(error)?.as_str());
        let is_good = matches!(scheme, "http" | "https")
            && host == host.to_lowercase()
            && !host.starts_with(':')
            && !text.contains(['@', '?', '#', '*'])
            && text.starts_with(&format!("{scheme}://{host}"));
        if is_good { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_a_host_and_perhaps_a_path() {
        for (text, url, origin) in [
            ("https://people.example.com", "https://people.example.com", "https://people.example.com"),
            ("https://people.example.com/", "https://people.example.com", "https://people.example.com"),
            ("http://localhost:8080/clientele/", "http://localhost:8080/clientele", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080"),
        ] {
            let public: PublicUrl = text.parse().unwrap();
            assert_eq!((public.as_str(), public.origin()), (url, origin), "{text}");
        }
        for text in [
            "",
            "people.example.com",
            "//people.example.com",
            "https://",
            "https://:80",
            "ftp://people.example.com",
            "https://People.example.com",
            "HTTPS://people.example.com",
            "https://me@people.example.com",
            "https://people.example.com?x",
            "https://people.example.com/#x",
            "https://*.example.com",
            "/clientele",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn without_one_it_is_the_address() {
        let public = PublicUrl::of_address(([127, 0, 0, 1], 8080).into());
        assert_eq!(public.to("/docs"), "http://127.0.0.1:8080/docs");
    }
}
