//! Notices on their way.

use async_trait::async_trait;

use super::{MemoryStore, QueuedNotice, State};
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::{MessageId, UserId};
use crate::notice::Notice;
use crate::store::{NoticeStore, StoreError};
use crate::user::{PasswordHash, User};

#[async_trait]
impl NoticeStore for MemoryStore {
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.write(|state| {
            state.notices.sort_by_key(|queued| (queued.due_at, queued.notice.id));
            let due = state.notices.iter_mut().take_while(|queued| queued.due_at <= now).take(limit);
            Ok(due.map(|queued| claim(queued, lease)).collect())
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

fn claim(queued: &mut QueuedNotice, lease: Timestamp) -> Notice {
    queued.due_at = lease;
    queued.notice.attempts += 1;
    queued.notice.clone()
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
}
