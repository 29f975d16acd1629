//! The `RateLimit` headers of an answer (draft-ietf-httpapi-ratelimit-headers).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::TimeDelta;
use domain::limit::TooMany;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How much of a limit is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(super) name: &'static str,
    /// How many are allowed in the window.
    pub(super) quota: u64,
    /// The window, in seconds.
    pub(super) window: u64,
    pub(super) remaining: u64,
    /// Seconds until all of them are allowed again; when none is left, until the next one is.
    pub(crate) reset: u64,
}

impl RateLimit {
    /// Adds it, unless a narrower limit is there.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        if headers.contains_key(&LIMIT) {
            return;
        }
        let Self { name, quota, window, remaining, reset } = self;
        for (header, text) in [
            (POLICY, format!("\"{name}\";q={quota};w={window}")),
            (LIMIT, format!("\"{name}\";r={remaining};t={reset}")),
        ] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
    }
}

impl From<TooMany> for RateLimit {
    fn from(too_many: TooMany) -> Self {
        Self {
            name: too_many.name,
            quota: too_many.quota.into(),
            window: seconds(too_many.within),
            remaining: 0,
            reset: seconds(too_many.retry_after),
        }
    }
}

/// Rounded up, and at least one: a client that comes back then is not too early.
fn seconds(wait: TimeDelta) -> u64 {
    u64::try_from((wait + TimeDelta::milliseconds(999)).num_seconds()).unwrap_or_default().max(1)
}
