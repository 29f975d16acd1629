//! Which web pages may call, and which headers their scripts may read.

use std::fmt;
use std::str::FromStr;

use actix_cors::Cors;
use actix_web::http::{Uri, header};
use actix_web::middleware::Condition;
use domain::ValueError;

/// How long a browser may remember a preflight answer, in seconds.
const PREFLIGHT_AGE: usize = 600;
/// The headers of answers that scripts may read, beside those that they always may (Fetch, "CORS-safelisted
/// response-header name"). A new header of an answer belongs here or in [`UNEXPOSED_HEADERS`]: a test checks it.
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

/// The headers of answers that are of no use to scripts, or that scripts may read anyway.
pub const UNEXPOSED_HEADERS: [&str; 18] = [
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
    "cross-origin-opener-policy",
    "date",
    "referrer-policy",
    "set-cookie",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
];

/// Lets these web pages call. Callers send tokens, never cookies, so credentials are not allowed.
pub(crate) fn cors(origins: &[WebOrigin]) -> Condition<Cors> {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
        .allow_any_header()
        .expose_headers(EXPOSED_HEADERS.map(header::HeaderName::from_static))
        .max_age(PREFLIGHT_AGE);
    let cors = if origins.iter().any(|origin| origin.0 == WebOrigin::ANY) {
        cors.allow_any_origin().send_wildcard()
    } else {
        origins.iter().fold(cors, |cors, origin| cors.allowed_origin(&origin.0))
    };
    Condition::new(!origins.is_empty(), cors)
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
        // Browsers write it in lower case, without path and user.
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
