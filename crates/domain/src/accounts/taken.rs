//! Answers that a phone is taken by a customer whom the caller may not see.
//!
//! Each such answer reveals that somebody is a customer here. Somebody who tries many numbers could learn whole lists.
//! So each caller gets only a few such answers a day, and each one is recorded.

use chrono::TimeDelta;

use super::Accounts;
use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::error::Error;
use crate::id::UserId;
use crate::limit::TooMany;
use crate::policy::{self, Action, Scope};
use crate::user::{Field, User};

/// How many such answers one person gets.
const MOST: u64 = 10;
/// The time for which answers are counted: always the last 24 hours.
const WITHIN: TimeDelta = TimeDelta::hours(24);

/// Somebody who may not see everyone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    id: UserId,
    scope: Scope,
}

impl Asker {
    /// The caller; `None` if they may see everyone.
    pub(super) fn of(actor: &Actor) -> Option<Self> {
        let scope = policy::personal_scope(actor, Action::ReadUser);
        actor.id().filter(|_| scope != Scope::All).map(|id| Self { id, scope })
    }
}

impl Accounts {
    /// What to answer to a caller who gives somebody a phone that another customer has.
    pub(super) async fn phone_taken(&self, actor: &Actor, user: &User) -> Error {
        self.record_taken_phone(actor, user).await.err().unwrap_or(Error::Taken(Field::Phone))
    }

    async fn record_taken_phone(&self, actor: &Actor, user: &User) -> Result<(), Error> {
        let (Some(asker), Some(phone)) = (Asker::of(actor), user.phone()) else { return Ok(()) };
        let other = self.store.find_customer_by_phone(phone).await?;
        let unseen: Vec<_> = other.iter().filter(|other| !asker.scope.contains(other)).map(|other| other.id).collect();
        self.record_taken_phones(actor, &unseen).await
    }

    /// Records that the caller learns of these customers.
    ///
    /// # Errors
    /// [`Error::TooMany`] when that would be too many; then the caller may learn of none.
    pub(super) async fn record_taken_phones(&self, actor: &Actor, others: &[UserId]) -> Result<(), Error> {
        let Some(asker) = Asker::of(actor).filter(|_| !others.is_empty()) else { return Ok(()) };
        let event = |&other: &UserId| Event::new(&*self.clock, actor, EventKind::PhoneTakenTold, Some(other));
        let events: Vec<_> = others.iter().map(event).collect();
        let since = self.clock.now() - WITHIN;
        if self.store.record_taken_phones(asker.id, &events, since, MOST).await? {
            return Ok(());
        }
        Err(self.told_too_often(asker).await?)
    }

    /// Of how many customers the caller may still learn; `None` when there is no bound.
    pub(super) async fn still_to_tell(&self, actor: &Actor) -> Result<Option<u64>, Error> {
        let Some(asker) = Asker::of(actor) else { return Ok(None) };
        let told = self.store.list_taken_phones(asker.id, self.clock.now() - WITHIN, MOST).await?;
        Ok(Some(MOST.saturating_sub(told.len() as u64)))
    }

    /// Refuses a caller who has had too many such answers. They may not even try another phone, since the refusal
    /// itself would be an answer.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub(super) async fn check_may_try_phones(&self, actor: &Actor) -> Result<(), Error> {
        match (Asker::of(actor), self.still_to_tell(actor).await?) {
            (Some(asker), Some(0)) => Err(self.told_too_often(asker).await?),
            _ => Ok(()),
        }
    }

    async fn told_too_often(&self, asker: Asker) -> Result<Error, Error> {
        let now = self.clock.now();
        let told = self.store.list_taken_phones(asker.id, now - WITHIN, MOST).await?;
        let retry_after = told.last().map_or(WITHIN, |oldest| *oldest + WITHIN - now);
        let quota = MOST.try_into().unwrap_or(u32::MAX);
        Ok(Error::TooMany(TooMany { name: "phone-taken", quota, within: WITHIN, retry_after, is_under_way: false }))
    }
}
