//! Times as text.

use chrono::SecondsFormat;
use domain::Timestamp;

/// RFC 3339 in UTC with microseconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
