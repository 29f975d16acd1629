//! Where time and new identifiers come from.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::Uuid;

/// A moment in UTC, kept to the microsecond as every backend stores it.
pub type Timestamp = DateTime<Utc>;

/// The source of time and of time-ordered identifiers.
pub trait Clock: Send + Sync {
    /// The present, cut to microseconds so that what is stored is what was said.
    fn now(&self) -> Timestamp;

    /// A new UUID version 7 (RFC 9562 section 5.7).
    fn new_id(&self) -> Uuid;
}

/// The computer's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        to_microseconds(Utc::now())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes identifiers")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

fn to_microseconds(time: Timestamp) -> Timestamp {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}
