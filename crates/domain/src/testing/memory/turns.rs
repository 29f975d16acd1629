//! Messages that take turns.

use async_trait::async_trait;

use super::{MemoryStore, Queued, State};
use crate::challenge::Message;
use crate::clock::Timestamp;
use crate::code_queue::Waiting;
use crate::limit::Attempt;
use crate::session::Digest;
use crate::store::CodeQueueStore;
use crate::store::{StoreError, WriteError};

#[async_trait]
impl CodeQueueStore for MemoryStore {
    async fn contacts_due(&self, now: Timestamp, limit: u64) -> Result<Vec<Digest>, StoreError> {
        let mut due: Vec<(Timestamp, Digest)> = self.read(|state| {
            let due = state.outbox.iter().map(|queued| (queued.due_at, &queued.message));
            let due = due.filter(|(due_at, _)| *due_at <= now).map(|(_, message)| message);
            due.filter_map(|message| Some((message.created_at, message.turn?.contact))).collect()
        });
        due.sort_unstable();
        let mut seen = std::collections::BTreeSet::new();
        let mut contacts: Vec<_> = due.into_iter().map(|(_, contact)| contact).collect();
        contacts.retain(|contact| seen.insert(*contact));
        contacts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(contacts)
    }

    async fn waiting_for(&self, contact: &Digest, now: Timestamp, limit: u64) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting: Vec<_> = self.read(|state| {
            let idle = state.outbox.iter().filter(|queued| queued.message.attempts == 0 || queued.due_at <= now);
            idle.filter_map(|queued| state.waiting(queued)).filter(|one| one.turn.contact == *contact).collect()
        });
        waiting.sort_by_key(|one| one.message.id);
        waiting.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(waiting)
    }

    async fn claim_turn(
        &self,
        seen: &Message,
        attempts: &[Attempt],
        now: Timestamp,
        lease: Timestamp,
    ) -> Result<bool, WriteError> {
        self.write(|state| {
            let Some(queued) = state.outbox.iter_mut().find(|queued| is_as_seen(queued, seen)) else {
                return Ok(false);
            };
            queued.message.attempts += 1;
            queued.due_at = lease;
            state.take_attempts(attempts, now)?;
            Ok(true)
        })
    }

    async fn postpone_turns(&self, contact: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            let is_due = |queued: &&mut Queued| {
                queued.due_at <= now && queued.message.turn.is_some_and(|turn| turn.contact == *contact)
            };
            state.outbox.iter_mut().filter(is_due).for_each(|queued| queued.due_at = until);
            Ok(())
        })
    }

    async fn withhold_message(&self, seen: &Message) -> Result<bool, StoreError> {
        self.write(|state| {
            let before = state.outbox.len();
            state.outbox.retain(|queued| !is_as_seen(queued, seen));
            if state.outbox.len() == before {
                return Ok(false);
            }
            let challenge = state.challenges.iter_mut().find(|challenge| challenge.id == seen.challenge_id);
            if let Some(challenge) = challenge {
                challenge.contact = String::new();
            }
            Ok(true)
        })
    }
}

fn is_as_seen(queued: &Queued, seen: &Message) -> bool {
    queued.message.id == seen.id && queued.message.attempts == seen.attempts
}

impl State {
    fn waiting(&self, queued: &Queued) -> Option<Waiting> {
        let turn = queued.message.turn?;
        let served = self.attempts.get(&turn.asker).map(|counter| counter.expires_at);
        Some(Waiting { message: queued.message.clone(), turn, served })
    }
}
