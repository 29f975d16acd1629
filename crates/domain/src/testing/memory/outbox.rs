//! Messages and notices on their way.

use async_trait::async_trait;

use super::{MemoryStore, Queued, State, length};
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
        Ok(self.change(|state| {
            state.outbox.sort_by_key(|queued| (queued.due_at, queued.item.id));
            let due = state.outbox.iter_mut().take_while(|queued| queued.due_at <= now);
            let due = due.filter(|queued| queued.item.turn.is_none()).take(length(limit));
            due.map(|queued| {
                queued.item.attempts += 1;
                queued.claim(lease)
            })
            .collect()
        }))
    }

    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError> {
        self.change(|state| state.outbox.retain(|queued| queued.item.id != id));
        Ok(())
    }

    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        self.change(|state| postpone(&mut state.outbox, |message| message.id == id, until));
        Ok(())
    }
}

#[async_trait]
impl NoticeStore for MemoryStore {
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError> {
        Ok(self.change(|state| {
            state.notices.sort_by_key(|queued| (queued.due_at, queued.item.id));
            let due = state.notices.iter_mut().take_while(|queued| queued.due_at <= now).take(length(limit));
            due.map(|queued| {
                queued.item.attempts += 1;
                queued.claim(lease)
            })
            .collect()
        }))
    }

    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError> {
        self.change(|state| state.notices.retain(|queued| queued.item.id != id));
        Ok(())
    }

    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        self.change(|state| postpone(&mut state.notices, |notice| notice.id == id, until));
        Ok(())
    }
}

#[async_trait]
impl CodeQueueStore for MemoryStore {
    async fn contacts_due(&self, now: Timestamp, limit: u64) -> Result<Vec<Digest>, StoreError> {
        let mut due: Vec<(Timestamp, Digest)> = self.read(|state| {
            let due = state.outbox.iter().map(|queued| (queued.due_at, &queued.item));
            let due = due.filter(|(due_at, _)| *due_at <= now).map(|(_, message)| message);
            due.filter_map(|message| Some((message.created_at, message.turn?.contact))).collect()
        });
        due.sort_unstable();
        let mut seen = std::collections::BTreeSet::new();
        let mut contacts: Vec<_> = due.into_iter().map(|(_, contact)| contact).collect();
        contacts.retain(|contact| seen.insert(*contact));
        contacts.truncate(length(limit));
        Ok(contacts)
    }

    async fn waiting_for(&self, contact: &Digest, now: Timestamp, limit: u64) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting: Vec<_> = self.read(|state| {
            let idle = state.outbox.iter().filter(|queued| queued.item.attempts == 0 || queued.due_at <= now);
            idle.filter_map(|queued| state.waiting(queued)).filter(|one| one.turn.contact == *contact).collect()
        });
        waiting.sort_by_key(|one| one.message.id);
        waiting.truncate(length(limit));
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
            queued.item.attempts += 1;
            queued.claim(lease);
            state.take_attempts(attempts, now)?;
            Ok(true)
        })
    }

    async fn postpone_turns(&self, contact: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        self.change(|state| {
            let due = state.outbox.iter_mut().filter(|queued| queued.due_at <= now);
            due.filter(|queued| queued.item.turn.is_some_and(|turn| turn.contact == *contact))
                .for_each(|queued| queued.due_at = until);
        });
        Ok(())
    }

    async fn withhold_message(&self, seen: &Message) -> Result<bool, StoreError> {
        Ok(self.change(|state| {
            let before = state.outbox.len();
            state.outbox.retain(|queued| !is_as_seen(queued, seen));
            let is_removed = state.outbox.len() < before;
            let challenge = state.challenges.iter_mut().find(|challenge| challenge.id == seen.challenge_id);
            if let Some(challenge) = challenge.filter(|_| is_removed) {
                challenge.contact = String::new();
            }
            is_removed
        }))
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
        self.notices.extend(notices.into_iter().map(|notice| Queued { due_at: notice.created_at, item: notice }));
    }

    pub(super) fn notices_of(&self, id: UserId) -> Vec<Notice> {
        let theirs = self.notices.iter().map(|queued| &queued.item).filter(|notice| notice.user_id == id);
        let mut notices: Vec<_> = theirs.cloned().collect();
        notices.sort_by_key(|notice| std::cmp::Reverse(notice.id));
        notices
    }

    fn waiting(&self, queued: &Queued<Message>) -> Option<Waiting> {
        let turn = queued.item.turn?;
        let served = self.attempts.get(&turn.asker).map(|counter| counter.expires_at);
        Some(Waiting { message: queued.item.clone(), turn, served })
    }
}

impl<T: Clone> Queued<T> {
    /// Hides it from others until `lease`.
    fn claim(&mut self, lease: Timestamp) -> T {
        self.due_at = lease;
        self.item.clone()
    }
}

fn postpone<T>(queue: &mut [Queued<T>], is_meant: impl Fn(&T) -> bool, until: Timestamp) {
    if let Some(queued) = queue.iter_mut().find(|queued| is_meant(&queued.item)) {
        queued.due_at = until;
    }
}

fn is_as_seen(queued: &Queued<Message>, seen: &Message) -> bool {
    queued.item.id == seen.id && queued.item.attempts == seen.attempts
}
