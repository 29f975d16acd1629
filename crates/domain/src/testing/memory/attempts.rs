//! Counters of attempts, and known networks.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::limit::{Attempt, Settled, settle_all, take_all};
use crate::session::Digest;
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

    async fn knows_network(&self, user: UserId, network: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.read(|state| state.networks.get(&(user, *network)).is_some_and(|until| now < *until)))
    }

    async fn remember_network(
        &self,
        user: UserId,
        network: &Digest,
        until: Timestamp,
        enough: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|state| {
            let known = state.networks.get(&(user, *network)).is_some_and(|known| enough <= *known);
            if state.user(user).is_some() && !known {
                state.networks.insert((user, *network), until);
            }
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
        for (key, counter) in settle_all(attempts, |key| self.attempts.get(key).copied(), settled, now) {
            self.attempts.remove(&key);
            self.attempts.extend(counter.map(|counter| (key, counter)));
        }
    }
}
