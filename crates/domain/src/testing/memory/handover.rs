//! Handing customers over.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::authority::Authority;
use crate::id::UserId;
use crate::store::{Handover, HandoverStore, RejudgeHandover, Share, StoreError, WriteError};
use crate::user::{Profile, User};

#[async_trait]
impl HandoverStore for MemoryStore {
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError> {
        Ok(self.read(|state| state.customers_of(manager).collect()))
    }

    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        Ok(self.read(|state| ids.iter().copied().filter(|id| state.is_active_manager(*id)).collect()))
    }

    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        rejudge: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let now: Vec<_> = state.customers_of(handover.from).collect();
            let planned = match rejudge {
                Some(rejudge) => Some(rejudge(&now).ok_or(WriteError::Stale)?),
                None => None,
            };
            state.transfer(planned.as_ref().unwrap_or(handover))?;
            Ok(planned)
        })
    }
}

impl State {
    fn transfer(&mut self, handover: &Handover) -> Result<(), WriteError> {
        for share in &handover.shares {
            self.give(handover, share)?;
        }
        if handover.is_complete && self.customers_of(handover.from).next().is_some() {
            return Err(WriteError::Stale);
        }
        if handover.deactivates {
            let is_manager = self.is_active_manager(handover.from);
            let account = self.people.get_mut(&handover.from).filter(|_| is_manager);
            let user = &mut account.ok_or(WriteError::Stale)?.user;
            (user.is_active, user.updated_at, user.version) = (false, handover.at, user.version + 1);
            self.end_all_but(handover.from, None);
        }
        self.events.extend_from_slice(&handover.events);
        Ok(())
    }

    pub(super) fn customers_of(&self, manager: UserId) -> impl Iterator<Item = UserId> {
        let is_assigned =
            move |user: &&User| user.customer().is_some_and(|customer| customer.assigned_manager_id == Some(manager));
        self.users().filter(is_assigned).map(|user| user.id)
    }

    fn give(&mut self, handover: &Handover, share: &Share) -> Result<(), WriteError> {
        self.check_assigned(share.to)?;
        for id in &share.customers {
            let user = &mut self.people.get_mut(id).ok_or(WriteError::Stale)?.user;
            let Profile::Customer(customer) = &mut user.profile else { return Err(WriteError::Stale) };
            if customer.assigned_manager_id != Some(handover.from) {
                return Err(WriteError::Stale);
            }
            customer.assigned_manager_id = share.to;
            (user.updated_at, user.version) = (handover.at, user.version + 1);
        }
        Ok(())
    }
}
