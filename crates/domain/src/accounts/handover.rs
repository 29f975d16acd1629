//! Hands a manager's customers over to others.

use std::collections::{BTreeMap, BTreeSet};

use super::update::MAX_RETRIES;
use super::{Accounts, allowed};
use crate::actor::Actor;
use crate::audit::{Change, Changes, Event, EventKind};
use crate::error::{Error, Member};
use crate::id::UserId;
use crate::policy::Action;
use crate::store::{Handover, RejudgeHandover, Share, WriteError};
use crate::user::{Field, Role, User};
use crate::value::ValueError;

/// How many times a handover is planned before the transaction, where planning locks nothing. After that, it is planned
/// in the transaction.
const OPTIMISTIC_RETRIES: u32 = 3;

/// How a manager's customers are to go to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandoverOrder {
    /// Who gets them. They share the customers evenly. If it is empty, nobody looks after the customers.
    pub to: Vec<UserId>,
    /// Only these customers; `None` for all of them.
    pub customer_ids: Option<Vec<UserId>>,
    /// Whether the manager is deactivated too.
    pub deactivate: bool,
    /// Whether to write nothing and only report what would happen.
    pub dry_run: bool,
}

/// What a handover did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandedOver {
    /// How many customers.
    pub transferred: usize,
    /// How many customers each receiver got, in the order of the receivers.
    pub to: Vec<(UserId, usize)>,
}

impl Accounts {
    /// Gives a manager's customers to other managers evenly. In the order of their ids, the customers go to one
    /// receiver after the other.
    ///
    /// ```
    /// use clientele_domain::{Error, HandoverOrder, given, testing::{new_customer, new_manager}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let max = accounts.create(&admin, new_manager("max@example.com")).await?;
    /// accounts.create(&admin, new_customer("+998901234567", Some(mia.id))).await?;
    /// let order = HandoverOrder { to: vec![max.id], deactivate: true, ..HandoverOrder::default() };
    /// let done = accounts.hand_over(&admin, || Ok::<_, Error>(mia.id), given(order)).await?;
    /// assert_eq!(done.to, [(max.id, 1)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but admins, and for an API key that is to deactivate the manager and is not made to
    /// change staff; those of reading whose customers; [`Error::NotFound`] for somebody who
    /// is no manager; those of reading the order; [`Error::Unauthorized`] when the caller's authority has ended;
    /// [`Error::InvalidMembers`] for receivers who are no active managers, the manager themselves, or named twice, and
    /// for customers of others.
    pub async fn hand_over<E: From<Error>>(
        &self,
        actor: &Actor,
        whose: impl FnOnce() -> Result<UserId, E>,
        order: impl AsyncFnOnce() -> Result<HandoverOrder, E>,
    ) -> Result<HandedOver, E> {
        allowed(actor, Action::AssignCustomer)?;
        let id = self.find_manager(actor, whose()?).await?.id;
        let order = order().await?;
        if order.deactivate {
            allowed(actor, Action::UpdateStaff)?;
        }
        Ok(self.carry_over(actor, id, &order).await?)
    }

    async fn carry_over(&self, actor: &Actor, id: UserId, order: &HandoverOrder) -> Result<HandedOver, Error> {
        self.check_authority(actor).await?;
        for attempt in 0..MAX_RETRIES {
            let from = self.find_manager(actor, id).await?;
            let customers = self.store.list_customer_ids(id).await?;
            self.check(&from, order, &customers).await?;
            let handover = self.planned(actor, &from, order, &customers);
            if order.dry_run {
                return Ok(summary(&handover));
            }
            let replan = |customers: &[UserId]| {
                has_chosen(order, customers).then(|| self.planned(actor, &from, order, customers))
            };
            let replan = (attempt >= OPTIMISTIC_RETRIES).then_some(&replan as &RejudgeHandover<'_>);
            match self.store.hand_over(&self.authority(actor), &handover, replan).await {
                Ok(done) => return Ok(summary(&done.unwrap_or(handover))),
                // A customer was assigned, or a receiver is no longer active. The next check finds what is wrong.
                Err(WriteError::Stale | WriteError::NotAnActiveManager) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Stale)
    }

    async fn find_manager(&self, actor: &Actor, id: UserId) -> Result<User, Error> {
        let found = self.find_seen(actor, id).await?;
        if found.role() == Role::Manager { Ok(found) } else { Err(Error::NotFound) }
    }

    async fn check(&self, from: &User, order: &HandoverOrder, customers: &[UserId]) -> Result<(), Error> {
        let active: BTreeSet<_> = self.store.find_active_managers(&order.to).await?.into_iter().collect();
        let mut wrong = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, id) in order.to.iter().enumerate() {
            let error = if *id == from.id {
                ValueError::new("same_manager", "the customers are already theirs")
            } else if !seen.insert(*id) {
                ValueError::new("repeated", "may be named once")
            } else if !active.contains(id) {
                ValueError::new("not_an_active_manager", "must be the id of an active manager")
            } else {
                continue;
            };
            wrong.push(Member { list: "to", index, error });
        }
        let theirs: BTreeSet<_> = customers.iter().collect();
        seen.clear();
        for (index, id) in order.customer_ids.iter().flatten().enumerate() {
            let error = if !seen.insert(*id) {
                ValueError::new("repeated", "may be named once")
            } else if !theirs.contains(id) {
                ValueError::new("not_their_customer", "must be the id of a customer of this manager")
            } else {
                continue;
            };
            wrong.push(Member { list: "customer_ids", index, error });
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::InvalidMembers(wrong)) }
    }

    fn planned(&self, actor: &Actor, from: &User, order: &HandoverOrder, customers: &[UserId]) -> Handover {
        let chosen = order.customer_ids.as_ref().map(|ids| ids.iter().copied().collect::<BTreeSet<_>>());
        let customers: Vec<_> =
            customers.iter().copied().filter(|id| chosen.as_ref().is_none_or(|chosen| chosen.contains(id))).collect();
        let shares = shared(&customers, &order.to);
        let receiver = |share: &Share| share.to.map(|id| id.to_string());
        let mut events: Vec<_> = shares
            .iter()
            .flat_map(|share| share.customers.iter().map(move |customer| (*customer, receiver(share))))
            .map(|(customer, to)| {
                let changes = one_change(Field::AssignedManager, from.id.to_string(), to);
                Event::new(&*self.clock, actor, EventKind::CustomerAssigned, Some(customer)).with_changes(changes)
            })
            .collect();
        let deactivates = order.deactivate && from.is_active;
        if deactivates {
            let event = Event::new(&*self.clock, actor, EventKind::UserUpdated, Some(from.id));
            events.push(event.with_changes(one_change(Field::IsActive, true, false)));
        }
        let (is_complete, at) = (chosen.is_none(), self.clock.now());
        Handover { from: from.id, shares, is_complete, deactivates, at, events }
    }
}

/// Whether all customers whom the order names are among these.
fn has_chosen(order: &HandoverOrder, customers: &[UserId]) -> bool {
    let theirs: BTreeSet<_> = customers.iter().collect();
    order.customer_ids.iter().flatten().all(|chosen| theirs.contains(chosen))
}

/// Deals the customers out in turn, so that shares differ by at most one.
fn shared(customers: &[UserId], to: &[UserId]) -> Vec<Share> {
    if to.is_empty() {
        return vec![Share { to: None, customers: customers.to_vec() }];
    }
    let share = |(index, id): (usize, &UserId)| Share {
        to: Some(*id),
        customers: customers.iter().skip(index).step_by(to.len()).copied().collect(),
    };
    to.iter().enumerate().map(share).collect()
}

fn one_change(field: Field, from: impl Into<serde_json::Value>, to: impl Into<serde_json::Value>) -> Changes {
    BTreeMap::from([(field.as_str().to_owned(), Change { from: from.into(), to: to.into() })])
}

fn summary(handover: &Handover) -> HandedOver {
    let shares = handover.shares.iter();
    HandedOver {
        transferred: shares.clone().map(|share| share.customers.len()).sum(),
        to: shares.filter_map(|share| Some((share.to?, share.customers.len()))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(from: u128, count: usize) -> Vec<UserId> {
        (0..count as u128).map(|n| uuid::Uuid::from_u128(from + n).into()).collect()
    }

    proptest! {
        #[test]
        fn shares_are_even_and_nobody_is_lost(customers in 0..200_usize, receivers in 0..12_usize) {
            let (customers, to) = (ids(1000, customers), ids(1, receivers));
            let shares = shared(&customers, &to);
            let mut given: Vec<_> = shares.iter().flat_map(|share| share.customers.clone()).collect();
            given.sort_unstable();
            prop_assert_eq!(&given, &customers);
            let sizes = shares.iter().map(|share| share.customers.len());
            prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            let receivers: Vec<_> = shares.iter().filter_map(|share| share.to).collect();
            prop_assert_eq!(receivers, to);
        }
    }
}
