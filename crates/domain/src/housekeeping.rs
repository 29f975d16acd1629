//! Removes what has expired, in small batches. One instance does it at a time.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::clock::{Clock, Timestamp};
use crate::store::{Erasure, Expirable, HousekeepingStore, StoreError, WriteError};
use crate::user::User;

/// How long an instance has the housekeeping for itself, and how long one round may take. It is a little less than a
/// minute, so that the housekeeping is free again when the next round begins a minute later.
const TURN: TimeDelta = TimeDelta::seconds(55);
/// How many rows one transaction removes. They are so few that nobody has to wait for it.
const BATCH: u64 = 500;
/// How long a sign-up waits for an admin.
const APPROVAL: TimeDelta = TimeDelta::days(14);
/// How many sign-ups are read at once. Each is erased in its own transaction.
const SIGNUPS: u64 = 50;

/// The use-case of housekeeping. Clones share everything.
#[derive(Clone)]
pub struct Housekeeping {
    store: Arc<dyn HousekeepingStore>,
    clock: Arc<dyn Clock>,
}

impl Housekeeping {
    /// Housekeeping of this store.
    #[must_use]
    pub fn new(store: Arc<dyn HousekeepingStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Removes what has expired, unless another instance is doing it. Answers how many rows were removed. The next
    /// round removes what is left when the turn ends.
    ///
    /// # Errors
    /// [`StoreError`]. What was removed before stays removed.
    pub async fn run(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        if !self.store.take_housekeeping(now, now + TURN).await? {
            return Ok(0);
        }
        let mut removed = 0;
        for &kind in Expirable::ALL {
            removed += self.remove(kind, now).await?;
        }
        Ok(removed + self.forget_signups(now).await?)
    }

    /// How many messages wait to be sent, for metrics.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waiting_messages(&self) -> Result<u64, StoreError> {
        self.store.count_messages().await
    }

    async fn remove(&self, kind: Expirable, began: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        while self.clock.now() < began + TURN {
            let batch = self.store.remove_expired(kind, began - kept(kind), BATCH).await?;
            removed += batch;
            if batch < BATCH {
                break;
            }
        }
        Ok(removed)
    }

    /// Erases people who signed up and whom no admin has approved in time.
    async fn forget_signups(&self, began: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        while self.clock.now() < began + TURN {
            let old = self.store.list_unapproved(began - APPROVAL, SIGNUPS).await?;
            let (count, before) = (old.len() as u64, forgotten);
            for user in old {
                forgotten += u64::from(self.forget_signup(user).await?);
            }
            // The next round tries again with those that could not be erased now.
            if count < SIGNUPS || forgotten == before {
                break;
            }
        }
        Ok(forgotten)
    }

    /// Answers whether the person was erased. They may have been approved, changed or erased meanwhile.
    async fn forget_signup(&self, user: User) -> Result<bool, StoreError> {
        let event = Event::new(&*self.clock, &Actor::system("housekeeping"), EventKind::UserErased, Some(user.id));
        match self.store.forget_signup(&Erasure { user, heir: None, event, is_of_version: true }).await {
            Ok(()) => Ok(true),
            Err(WriteError::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// How long rows are kept after they have expired.
fn kept(kind: Expirable) -> TimeDelta {
    match kind {
        // The outbox needs this time to report a message that was too late.
        Expirable::Challenges => TimeDelta::minutes(10),
        // Their owners see for a while why a program is no longer let in.
        Expirable::ApiKeys => TimeDelta::days(30),
        Expirable::StoredAnswers | Expirable::Sessions | Expirable::Attempts | Expirable::Networks => TimeDelta::zero(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::Purpose;
    use crate::store::{ChallengeStore, SessionStore, UserStore};
    use crate::testing::{FixedClock, MemoryStore, account, challenge, event, manager, message, session};
    use crate::{Authority, audit::EventKind, user::User};

    struct House {
        store: MemoryStore,
        clock: FixedClock,
        owner: User,
    }

    impl House {
        async fn new() -> Self {
            let (store, clock) = (MemoryStore::new(), FixedClock::default());
            let owner = manager(&clock, "ann@example.com");
            let created = event(&clock, EventKind::UserCreated, Some(owner.id));
            store.create_account(&Authority::Unconditional, &account(&owner), &[created]).await.unwrap();
            Self { store, clock, owner }
        }

        fn housekeeping(&self) -> Housekeeping {
            Housekeeping::new(Arc::new(self.store.clone()), Arc::new(self.clock.clone()))
        }

        async fn begin_session(&self) {
            let begun = session(&self.clock, self.owner.id);
            let started = event(&self.clock, EventKind::SessionStarted, Some(self.owner.id));
            self.store.start_session(&begun, &started).await.unwrap();
        }

        async fn begin_session_of_another(&self) {
            let other = manager(&self.clock, &format!("{}@example.com", self.clock.new_id()));
            let created = event(&self.clock, EventKind::UserCreated, Some(other.id));
            self.store.create_account(&crate::Authority::Unconditional, &account(&other), &[created]).await.unwrap();
            let begun = session(&self.clock, other.id);
            let started = event(&self.clock, EventKind::SessionStarted, Some(other.id));
            self.store.start_session(&begun, &started).await.unwrap();
        }

        async fn ask_for_code(&self) {
            let asked = challenge(&self.clock, Purpose::PasswordReset, [7; 32]);
            let sent = message(&self.clock, &asked);
            self.store.open_challenge(&asked, &sent, self.clock.now(), &[]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_has_expired_goes_and_nothing_else() {
        let house = House::new().await;
        house.ask_for_code().await;
        for _ in 0..BATCH + 3 {
            house.begin_session_of_another().await;
        }
        let expires_at = house.store.sessions()[0].expires_at;
        house.clock.advance(expires_at - house.clock.now());
        assert_eq!(house.housekeeping().run().await.unwrap(), 1, "the code, and no session at the moment of its end");
        assert_eq!(house.store.messages(), []);
        house.begin_session().await;
        house.clock.advance(TURN);
        assert_eq!(house.housekeeping().run().await.unwrap(), BATCH + 3);
        assert_eq!(house.store.sessions().len(), 1);
    }

    #[tokio::test]
    async fn a_code_stays_until_the_outbox_has_seen_that_it_came_too_late() {
        let house = House::new().await;
        house.ask_for_code().await;
        let expires_at = house.store.challenges()[0].expires_at;
        house.clock.advance(expires_at - house.clock.now() + kept(Expirable::Challenges));
        assert_eq!(house.housekeeping().run().await.unwrap(), 0);
        house.clock.advance(TimeDelta::minutes(1));
        assert_eq!(house.housekeeping().run().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn one_instance_at_a_time_does_it() {
        let house = House::new().await;
        house.begin_session().await;
        assert_eq!(house.housekeeping().run().await.unwrap(), 0);
        let expires_at = house.store.sessions()[0].expires_at;
        house.clock.advance(expires_at - house.clock.now() + TimeDelta::seconds(1));
        house.begin_session().await;
        let now = house.clock.now();
        assert!(house.store.take_housekeeping(now, now + TURN).await.unwrap(), "by another instance");
        assert_eq!(house.housekeeping().run().await.unwrap(), 0);
        house.clock.advance(TURN);
        assert_eq!(house.housekeeping().run().await.unwrap(), 1);
    }
}
