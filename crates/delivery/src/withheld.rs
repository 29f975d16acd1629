//! Reports codes that are withheld.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use domain::challenge::Message;
use domain::{Clock, Timestamp};

use crate::sender::masked;

/// Each reason is logged once in this time.
const LOG_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Reports codes that are withheld: each in the metrics, and each reason in the log once a minute.
#[derive(Default)]
pub(crate) struct Withheld(Mutex<HashMap<&'static str, Logged>>);

/// The last log line of one reason.
struct Logged {
    at: Timestamp,
    /// How many codes were withheld since.
    since: u64,
}

impl Withheld {
    pub(crate) fn report(&self, message: &Message, reason: &'static str, clock: &dyn Clock) {
        let labels = [("channel", message.channel.as_str()), ("reason", reason)];
        metrics::counter!("clientele_codes_withheld_total", &labels).increment(1);
        let Some(others) = self.unlogged(reason, clock.now()) else { return };
        tracing::warn!(
            message_id = %message.id,
            channel = %message.channel,
            purpose = %message.purpose,
            recipient = masked(&message.recipient),
            reason,
            others,
            "a code was not sent: a limit is used up, or its number is not allowed; this reason is logged at most once \
             a minute",
        );
    }

    /// How many of this reason were not logged since the last line, if it is time for the next.
    fn unlogged(&self, reason: &'static str, now: Timestamp) -> Option<u64> {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match logged.get_mut(reason) {
            Some(last) if now - last.at < LOG_INTERVAL => {
                last.since += 1;
                None
            }
            last => {
                let others = last.map_or(0, |last| last.since);
                logged.insert(reason, Logged { at: now, since: 0 });
                Some(others)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::testing::FixedClock;

    use super::*;

    #[test]
    fn a_reason_is_logged_once_a_minute_and_tells_how_many_were_not() {
        let (clock, withheld) = (FixedClock::default(), Withheld::default());
        let unlogged = |reason| withheld.unlogged(reason, clock.now());
        assert_eq!([unlogged("a"), unlogged("a"), unlogged("b"), unlogged("a")], [Some(0), None, Some(0), None]);
        clock.advance(LOG_INTERVAL);
        assert_eq!([unlogged("a"), unlogged("a"), unlogged("b")], [Some(2), None, Some(0)]);
    }
}
