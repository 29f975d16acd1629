//! What has expired.

use async_trait::async_trait;

use super::MemoryStore;
use crate::authority::Authority;
use crate::clock::Timestamp;
use crate::store::{Erasure, ErasureStore, Expirable, HealthStore, HousekeepingStore, StoreError, WriteError};
use crate::user::User;

#[async_trait]
impl HealthStore for MemoryStore {
    async fn check_ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl HousekeepingStore for MemoryStore {
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| {
            let is_free = state.housekeeping_until.is_none_or(|taken_until| taken_until <= now);
            if is_free {
                state.housekeeping_until = Some(until);
            }
            Ok(is_free)
        })
    }

    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.write(|state| match kind {
            Expirable::Challenges => {
                let removed = remove(&mut state.challenges, |challenge| challenge.expires_at, before, limit);
                state
                    .outbox
                    .retain(|queued| state.challenges.iter().any(|kept| kept.id == queued.message.challenge_id));
                Ok(removed)
            }
            Expirable::StoredAnswers => {
                Ok(remove(&mut state.stored_answers, |(_, first)| first.expires_at, before, limit))
            }
            Expirable::Sessions => Ok(remove(&mut state.sessions, |session| session.expires_at, before, limit)),
            Expirable::Attempts => {
                let mut counters: Vec<_> = std::mem::take(&mut state.attempts).into_iter().collect();
                let removed = remove(&mut counters, |(_, counter)| counter.expires_at, before, limit);
                state.attempts = counters.into_iter().collect();
                Ok(removed)
            }
            Expirable::Networks => {
                let mut networks: Vec<_> = std::mem::take(&mut state.networks).into_iter().collect();
                let removed = remove(&mut networks, |(_, until)| *until, before, limit);
                state.networks = networks.into_iter().collect();
                Ok(removed)
            }
        })
    }

    async fn count_messages(&self) -> Result<u64, StoreError> {
        Ok(self.read(|state| (state.outbox.len() + state.notices.len()) as u64))
    }

    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError> {
        Ok(self.read(|state| {
            let mut old: Vec<_> = state.signups.iter().filter(|(_, at)| **at < before).collect();
            old.sort_by_key(|(id, at)| (**at, **id));
            let old = old.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
            old.filter_map(|(id, _)| state.user(*id).cloned()).collect()
        }))
    }

    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError> {
        if !self.read(|state| state.signups.contains_key(&erasure.user.id)) {
            return Err(WriteError::Stale);
        }
        self.erase_user(&Authority::Unconditional, erasure).await
    }
}

fn remove<T>(rows: &mut Vec<T>, expiry: impl Fn(&T) -> Timestamp, before: Timestamp, limit: usize) -> u64 {
    rows.sort_by_key(&expiry);
    let expired = rows.iter().take(limit).take_while(|row| expiry(row) < before).count();
    rows.drain(..expired);
    expired as u64
}
