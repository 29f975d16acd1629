//! Counters of what must not be tried too often.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::clock::Timestamp;
use crate::limit::{Attempt, Counter, Settled, take_all};
use crate::store::{AttemptStore, StoreError, WriteError};

#[async_trait]
impl AttemptStore for MemoryStore {
    async fn take_attempts(&self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError> {
        self.write(|state| state.take_attempts(attempts, now))
    }

    async fn settle_attempts(&self, attempts: &[Attempt], settled: Settled, now: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            state.settle_attempts(attempts, settled, now);
            Ok(())
        })
    }
}

impl State {
    pub(super) fn take_attempts(&mut self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError> {
        let taken = take_all(attempts, |key| self.attempts.get(key).copied(), now);
        self.attempts.extend(taken.map_err(WriteError::TooMany)?);
        Ok(())
    }

    pub(super) fn settle_attempts(&mut self, attempts: &[Attempt], settled: Settled, now: Timestamp) {
        for attempt in attempts {
            let counter = self.attempts.remove(&attempt.key);
            let fresh = settled.begins(attempt.limit).then(|| Counter::new(now));
            let counter = counter.or(fresh).and_then(|counter| counter.settle(attempt.limit, settled, now));
            self.attempts.extend(counter.map(|counter| (attempt.key, counter)));
        }
    }
}
