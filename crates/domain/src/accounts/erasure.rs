//! Erasing a person, and reading everything that is stored about them.

use super::update::{Expected, MAX_RETRIES};
use super::{Accounts, allowed};
use crate::actor::Actor;
use crate::audit::{Changes, Event, EventCursor, EventKind, EventPage};
use crate::error::Error;
use crate::id::UserId;
use crate::page::PageSize;
use crate::policy::Action;
use crate::store::{Erasure, PersonalData, WriteError};

impl Accounts {
    /// Erases a person for good. Their id stays in the audit trail. Their name and contacts do not.
    ///
    /// ```
    /// use clientele_domain::{Error, Expected, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// accounts.erase(&admin, || Ok::<_, Error>((mia.id, Expected::Any))).await?;
    /// assert!(matches!(accounts.find(&admin, mia.id).await, Err(Error::NotFound)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but admins; those of reading whom, in which state; [`Error::Unauthorized`];
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::HasCustomers`] for a manager who still looks after
    /// some; [`Error::LastAdmin`].
    pub async fn erase<E: From<Error>>(
        &self,
        actor: &Actor,
        whom: impl FnOnce() -> Result<(UserId, Expected), E>,
    ) -> Result<(), E> {
        allowed(actor, Action::EraseUser)?;
        let (id, expected) = whom()?;
        Ok(self.erase_expected(actor, id, &expected).await?)
    }

    async fn erase_expected(&self, actor: &Actor, id: UserId, expected: &Expected) -> Result<(), Error> {
        for _ in 0..MAX_RETRIES {
            let user = self.find_for(actor, Action::EraseUser, id).await?;
            expected.check(&user)?;
            let mut event = Event::new(&*self.clock, actor, EventKind::UserErased, Some(id));
            if actor.id() == Some(id) {
                // The address of somebody who erases themselves is erased too.
                event.address = None;
            }
            let is_of_version = *expected != Expected::Any;
            let erasure = Erasure { user, is_of_version, heir: actor.id(), event };
            // Only the second call erases the person. If the first one is cut off, the request can be sent again.
            let erased = match self.store.prepare_erasure(&self.authority(actor), &erasure).await {
                Ok(()) => self.store.erase_user(&self.authority(actor), &erasure).await,
                refused => refused,
            };
            match erased {
                Ok(()) => return Ok(()),
                Err(WriteError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Stale)
    }

    /// Everything that is stored about a person, and the events before this reading. The reading is recorded.
    ///
    /// ```
    /// use clientele_domain::{audit::EventKind, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let (data, mut events) = accounts.find_personal_data(&admin, mia.id).await?;
    /// assert_eq!(data.user, mia);
    /// let page = events.next().await?.unwrap();
    /// assert_eq!(page[0].kind, EventKind::UserCreated);
    /// assert!(events.next().await?.is_none() && events.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] for nobody, and for all but oneself unless the caller is an admin.
    pub async fn find_personal_data(&self, actor: &Actor, id: UserId) -> Result<(PersonalData, PersonalEvents), Error> {
        let scope = allowed(actor, Action::ReadPersonalData)?;
        let data = self.store.find_personal_data(scope, id).await?.ok_or(Error::NotFound)?;
        let counts = [
            ("sessions", data.sessions.len() as u64),
            ("challenges", data.challenges.len() as u64),
            ("created_customers", data.created_customers),
            ("assigned_customers", data.assigned_customers),
        ];
        // The reading is recorded before anything is handed out.
        let event = Event::new(&*self.clock, actor, EventKind::DataRead, Some(id)).with_facts(counts);
        self.store.record_event(&event).await?;
        Ok((data, self.personal_events(actor, id, EventCursor::at(&event))))
    }
}

/// The most events of one reading.
const MOST: usize = 10_000;
/// How many events are on a page. Each may hold metadata of 16 KiB twice.
const PAGE: u64 = 25;

/// The events about a person and by them, newest first. They are read a page at a time.
pub struct PersonalEvents {
    accounts: Accounts,
    actor: Actor,
    id: UserId,
    /// Where the next page begins; `None` for the first page.
    after: Option<EventCursor>,
    /// How many more events may be read.
    left: usize,
    is_at_end: bool,
    is_complete: bool,
}

impl PersonalEvents {
    /// The next page; `None` after the last one. What the events say about others is left out.
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

    /// Whether all events were read. At most the newest 10,000 are read. This is known at the end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Accounts {
    /// The events about a person and by them before `until`. Nothing is read before the first page is asked for.
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

    /// A page of events. A reading of many pages may take a while, so each page checks the caller's authority.
    async fn page_of_events(&self, actor: &Actor, id: UserId, after: Option<EventCursor>) -> Result<EventPage, Error> {
        let scope = allowed(actor, Action::ReadPersonalData)?;
        let size = PageSize::new(PAGE).unwrap_or_default();
        let page = self.store.find_personal_events(scope, id, after, size).await?;
        // This comes after the page was read, so the caller was allowed to see it when it was read.
        self.check_authority(actor).await?;
        page.ok_or(Error::NotFound)
    }
}

/// Removes from an event what is about other people: the changes that the person made to others, and the addresses from
/// which others acted on the person.
fn without_others(event: &mut Event, id: UserId) {
    if event.subject_id != Some(id) {
        event.changes = Changes::new();
    }
    if is_by_somebody_else(event, id) {
        event.key_id = None;
        event.address = None;
        event.request_id = None;
    }
}

fn is_by_somebody_else(event: &Event, id: UserId) -> bool {
    event.actor_id.is_some_and(|actor| actor != id)
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
