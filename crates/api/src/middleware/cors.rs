//! What stands before the routes: where a request comes from, how many may
//! come, and which web pages may send them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::http::{Uri, header};
use domain::{Clock, ValueError};

use crate::middleware::proxies::{Network, TrustedProxies};
use crate::middleware::rate_limit::{Traffic, TrafficLimits};

/// How long a browser may remember a preflight answer, in seconds.
const PREFLIGHT_AGE: usize = 600;
/// The headers of answers that say something to a client. Scripts may read them, beside the few that they always may
/// (Fetch, "CORS-safelisted response-header name"). Whoever adds a header to an answer adds it here, or to
/// [`UNEXPOSED_HEADERS`]: a test holds every answer against both.
pub const EXPOSED_HEADERS: [&str; 10] = [
    "allow",
    "content-disposition",
    "etag",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];

/// The headers of answers that are for browsers and caches, and no use to scripts; and those that scripts may read
/// anyway.
pub const UNEXPOSED_HEADERS: [&str; 16] = [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "referrer-policy",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
];

/// What the operator chose for the edge.
#[derive(Clone, Debug, Default)]
pub struct EdgeSettings {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Web pages that may call from a browser; none unless said otherwise.
    pub cors_origins: Vec<WebOrigin>,
    /// How many requests; `None` is any number.
    pub traffic: Option<TrafficLimits>,
}

/// The state of the edge; one for all threads of an instance.
#[derive(Clone)]
pub struct Edge {
    pub(crate) proxies: TrustedProxies,
    pub(crate) traffic: Option<Arc<Traffic>>,
    cors_origins: Arc<[WebOrigin]>,
}

impl Edge {
    /// An edge with full buckets.
    #[must_use]
    pub fn new(settings: &EdgeSettings, clock: &Arc<dyn Clock>) -> Self {
        Self {
            proxies: TrustedProxies::new(&settings.trusted_proxies),
            traffic: settings.traffic.map(|limits| Arc::new(Traffic::new(limits, Arc::clone(clock)))),
            cors_origins: settings.cors_origins.clone().into(),
        }
    }

    pub(crate) fn has_cors(&self) -> bool {
        !self.cors_origins.is_empty()
    }

    /// Callers send tokens, never cookies, so credentials are not allowed for.
    pub(crate) fn cors(&self) -> Cors {
        let cors = Cors::default()
            .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
            .allow_any_header()
            .expose_headers(EXPOSED_HEADERS.map(header::HeaderName::from_static))
            .max_age(PREFLIGHT_AGE);
        if self.cors_origins.iter().any(|origin| origin.0 == WebOrigin::ANY) {
            return cors.allow_any_origin().send_wildcard();
        }
        self.cors_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(&origin.0))
    }
}

/// Where a web page comes from, such as `https://app.example.com`, or `*` for anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    const ANY: &str = "*";
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebOrigin {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error = || ValueError::new("invalid", "not an origin such as https://app.example.com, nor *");
        if text == Self::ANY {
            return Ok(Self(text.to_owned()));
        }
        let uri: Uri = text.parse().map_err(|_| error())?;
        // As browsers write it: no path, no user, lower case.
        let (scheme, host) = (uri.scheme_str().ok_or_else(error)?, uri.authority().ok_or_else(error)?);
        let origin = format!("{scheme}://{host}");
        if text != origin || text.contains(['@', '*']) || text != text.to_lowercase() {
            return Err(error());
        }
        Ok(Self(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, good) in [
            ("https://app.example.com", true),
            ("http://localhost:3000", true),
            ("http://[::1]:3000", true),
            ("*", true),
            ("https://app.example.com/", false),
            ("https://app.example.com/path", false),
            ("https://App.example.com", false),
            ("https://user@app.example.com", false),
            ("app.example.com", false),
            ("https://", false),
            ("", false),
            ("null", false),
            ("https://*.example.com", false),
        ] {
            assert_eq!(text.parse::<WebOrigin>().is_ok(), good, "{text}");
        }
    }
}
