//! The audit trail of one person, for them to see, page by page.

use super::{Accounts, allowed};
use crate::actor::Actor;
use crate::audit::{Event, EventCursor, EventPage};
use crate::error::Error;
use crate::id::UserId;
use crate::page::PageSize;
use crate::personal_data::without_others;
use crate::policy::Action;

/// Most events of one reading.
const MOST: usize = 10_000;
/// Events of one page. Each may hold metadata of 16 KiB twice.
const PAGE: u64 = 25;

/// What happened to a person and what they did, newest first, as it is read: a page at a time.
pub struct PersonalEvents {
    accounts: Accounts,
    actor: Actor,
    id: UserId,
    /// Where the next page begins; `None` is the start.
    after: Option<EventCursor>,
    /// How many more there may be.
    left: usize,
    is_at_end: bool,
    is_complete: bool,
}

impl PersonalEvents {
    /// The next page; `None` after the last. Without what the events say about others.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the caller's authority has ended; [`Error::NotFound`] when the person is gone
    /// or not the caller's to see; [`Error::Store`].
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Error> {
        if self.is_at_end {
            return Ok(None);
        }
        let mut page = self.accounts.page_of_events(&self.actor, self.id, self.after).await?;
        let is_cut = page.items.len() > self.left;
        page.items.truncate(self.left);
        self.left -= page.items.len();
        self.after = page.next;
        self.is_complete = !is_cut && page.next.is_none();
        self.is_at_end = page.next.is_none() || self.left == 0;
        for event in &mut page.items {
            without_others(event, self.id);
        }
        Ok(Some(page.items))
    }

    /// At the end: whether these were all events, and not the newest 10,000 of more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Accounts {
    /// Events about a person and by them until this one, for whoever may read everything that is stored about the
    /// person. Nothing is read before the first page is asked for.
    pub(super) fn personal_events(&self, actor: &Actor, id: UserId, until: EventCursor) -> PersonalEvents {
        PersonalEvents {
            accounts: self.clone(),
            actor: actor.clone(),
            id,
            after: Some(until),
            left: MOST,
            is_at_end: false,
            is_complete: false,
        }
    }

    /// A reading of many pages may take a while, so that the caller is asked for at each.
    async fn page_of_events(&self, actor: &Actor, id: UserId, after: Option<EventCursor>) -> Result<EventPage, Error> {
        let scope = allowed(actor, Action::ReadPersonalData)?;
        let size = PageSize::new(PAGE).unwrap_or_default();
        let page = self.store.find_personal_events(scope, id, after, size).await?;
        // After it was read: what leaves was the caller's to see when it was read.
        self.check_authority(actor).await?;
        page.ok_or(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::EventKind;
    use crate::store::UserStore;
    use crate::testing::{self, FixedClock, MemoryStore, signed_in};
    use crate::user::User;

    /// An admin with so many events.
    async fn admin_with(count: usize) -> (MemoryStore, Accounts, User) {
        let (store, clock) = (MemoryStore::new(), FixedClock::default());
        let admin = testing::admin(&clock, "admin@example.com");
        let about = |_| testing::event(&clock, EventKind::UserUpdated, Some(admin.id));
        let events: Vec<_> = (0..count).map(about).collect();
        store.create_account(&crate::Authority::Unconditional, &testing::account(&admin), &events).await.unwrap();
        (store.clone(), Accounts::new(Arc::new(store), Arc::new(clock)), admin)
    }

    /// After all events so far.
    fn now(accounts: &Accounts) -> EventCursor {
        EventCursor::at(&testing::event(&*accounts.clock, EventKind::DataRead, None))
    }

    #[tokio::test]
    async fn they_come_in_small_pages_and_end_at_the_most() {
        for (count, most, expected, is_complete) in [
            (0, 70, vec![0], true),
            (25, 70, vec![25], true),
            (60, 70, vec![25, 25, 10], true),
            (60, 60, vec![25, 25, 10], true),
            (60, 59, vec![25, 25, 9], false),
            (60, 50, vec![25, 25], false),
        ] {
            let (_, accounts, admin) = admin_with(count).await;
            let mut events = accounts.personal_events(&signed_in(&admin), admin.id, now(&accounts));
            events.left = most;
            let mut sizes = Vec::new();
            while let Some(page) = events.next().await.unwrap() {
                sizes.push(page.len());
            }
            assert_eq!((sizes, events.is_complete()), (expected, is_complete), "{count} of {most}");
        }
    }

    #[tokio::test]
    async fn they_end_with_the_authority_of_whoever_reads() {
        let (_, accounts, admin) = admin_with(60).await;
        let manager = User { id: uuid::Uuid::nil().into(), ..admin.clone() };
        let mut events = accounts.personal_events(&signed_in(&manager), admin.id, now(&accounts));
        assert!(matches!(events.next().await, Err(Error::Unauthorized)), "an admin who is no more");
    }
}
