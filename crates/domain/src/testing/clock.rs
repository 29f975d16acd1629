//! Time that moves when a test says so.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};

/// A clock that stands still until it is advanced, and whose identifiers are
/// the same in every run. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct FixedClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    /// Never goes back with `now`, so that a later identifier is a greater one.
    id_time: Timestamp,
    ids: u64,
}

impl FixedClock {
    /// A clock that shows `at`, cut to microseconds.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let now = at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at);
        Self(Arc::new(Mutex::new(State { now, id_time: now, ids: 0 })))
    }

    /// Moves the clock, backwards with a negative amount.
    pub fn advance(&self, by: TimeDelta) {
        self.with(|state| {
            state.now += by;
            state.id_time = state.id_time.max(state.now);
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for FixedClock {
    /// Noon of 1 January 2026, UTC.
    fn default() -> Self {
        Self::new(DateTime::from_timestamp(1_767_268_800, 0).unwrap_or_default())
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.with(|state| state.now)
    }

    /// A UUID version 7 of the clock's time, whose random part is a counter.
    fn new_id(&self) -> Uuid {
        self.with(|state| {
            state.ids += 1;
            let mut counter = [0; 10];
            counter[2..].copy_from_slice(&state.ids.to_be_bytes());
            let millis = u64::try_from(state.id_time.timestamp_millis()).unwrap_or_default();
            uuid::Builder::from_unix_timestamp_millis(millis, &counter).into_uuid()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_told() {
        let clock = FixedClock::default();
        assert_eq!(clock.now().to_rfc3339(), "2026-01-01T12:00:00+00:00");
        let same_clock = clock.clone();
        same_clock.advance(TimeDelta::minutes(1));
        assert_eq!(clock.now().to_rfc3339(), "2026-01-01T12:01:00+00:00");
    }

    #[test]
    fn identifiers_repeat_between_runs_and_grow_within_one() {
        let ids = |clock: FixedClock| {
            let mut ids: Vec<_> = (0..300).map(|_| clock.new_id()).collect();
            clock.advance(TimeDelta::hours(-1));
            ids.push(clock.new_id());
            clock.advance(TimeDelta::hours(2));
            ids.push(clock.new_id());
            ids
        };
        let first = ids(FixedClock::default());
        assert_eq!(first, ids(FixedClock::default()));
        assert!(first.is_sorted_by(|a, b| a < b));
        assert!(first.iter().all(|id| id.get_version_num() == 7));
    }
}
