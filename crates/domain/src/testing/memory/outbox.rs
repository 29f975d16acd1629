//! Messages and notices on their way.

use async_trait::async_trait;

use super::{MemoryStore, Queued, QueuedNotice, State};
use crate::audit::Event;
use crate::challenge::Message;
use crate::clock::Timestamp;
use crate::code_queue::Waiting;
use crate::id::{MessageId, UserId};
use crate::limit::Attempt;
use crate::notice::Notice;
use crate::session::Digest;
use crate::store::{CodeQueueStore, MessageStore, NoticeStore, StoreError, WriteError};
use crate::user::{PasswordHash, User};

#[async_trait]
impl MessageStore for MemoryStore {
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.write(|state| {
            state.outbox.sort_by_key(|queued| (queued.due_at, queued.message.id));
            let due = state.outbox.iter_mut().take_while(|queued| queued.due_at <= now);
            let due = due.filter(|queued| queued.message.turn.is_none()).take(limit);
            Ok(due.map(|queued| claim(queued, lease)).collect())
        })
    }

    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError> {
        self.write(|state| {
            state.outbox.retain(|queued| queued.message.id != id);
            Ok(())
        })
    }

    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            if let Some(queued) = state.outbox.iter_mut().find(|queued| queued.message.id == id) {
                queued.due_at = until;
            }
            Ok(())
        })
    }
}

#[async_trait]
impl NoticeStore for MemoryStore {
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.write(|state| {
            state.notices.sort_by_key(|queued| (queued.due_at, queued.notice.id));
            let due = state.notices.iter_mut().take_while(|queued| queued.due_at <= now).take(limit);
            Ok(due.map(|queued| claim_notice(queued, lease)).collect())
        })
    }

    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError> {
        self.write(|state| {
            state.notices.retain(|queued| queued.notice.id != id);
            Ok(())
        })
    }

    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            if let Some(queued) = state.notices.iter_mut().find(|queued| queued.notice.id == id) {
                queued.due_at = until;
            }
            Ok(())
        })
    }
}

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

impl State {
    pub(super) fn tell_of_contact(&mut self, before: &User, after: &User, events: &[Event]) {
        if let Some(event) = events.first() {
            self.queue(Notice::of_contact(before, after, event));
        }
    }

    /// A first password is no change.
    pub(super) fn tell_of_password(&mut self, id: UserId, old: &PasswordHash, events: &[Event]) {
        if *old == PasswordHash::unusable() {
            return;
        }
        if let (Some(event), Some(user)) = (events.first(), self.user(id)) {
            let notices = Notice::of_password(user, event);
            self.queue(notices);
        }
    }

    fn queue(&mut self, notices: Vec<Notice>) {
        self.notices.extend(notices.into_iter().map(|notice| QueuedNotice { due_at: notice.created_at, notice }));
    }

    pub(super) fn notices_of(&self, id: UserId) -> Vec<Notice> {
        let theirs = self.notices.iter().map(|queued| &queued.notice).filter(|notice| notice.user_id == id);
        let mut notices: Vec<_> = theirs.cloned().collect();
        notices.sort_by_key(|notice| std::cmp::Reverse(notice.id));
        notices
    }

    fn waiting(&self, queued: &Queued) -> Option<Waiting> {
        let turn = queued.message.turn?;
        let served = self.attempts.get(&turn.asker).map(|counter| counter.expires_at);
        Some(Waiting { message: queued.message.clone(), turn, served })
    }
}

fn claim(queued: &mut Queued, lease: Timestamp) -> Message {
    queued.due_at = lease;
    queued.message.attempts += 1;
    queued.message.clone()
}

fn claim_notice(queued: &mut QueuedNotice, lease: Timestamp) -> Notice {
    queued.due_at = lease;
    queued.notice.attempts += 1;
    queued.notice.clone()
}

fn is_as_seen(queued: &Queued, seen: &Message) -> bool {
    queued.message.id == seen.id && queued.message.attempts == seen.attempts
}
