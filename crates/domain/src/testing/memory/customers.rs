//! Many customers at once.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::actor::Authority;
use crate::id::UserId;
use crate::store::{
    Account, Handover, HandoverStore, ImportBatch, ImportBatches, ImportFound, ImportKeys, ImportStore,
    RejudgeHandover, Share, StoreError, Update, WriteError,
};
use crate::user::{PasswordHash, Profile, User};
use crate::value::Email;

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
            let planned = rejudge.map(|rejudge| rejudge(&now).ok_or(WriteError::Stale)).transpose()?;
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

#[async_trait]
impl ImportStore for MemoryStore {
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError> {
        Ok(self.read(|state| state.for_import(keys)))
    }

    /// Judges by what was there at the beginning and writes at the end, if all of it still holds then.
    async fn import_customers(&self, by: &Authority, batches: &mut dyn ImportBatches) -> Result<(), WriteError> {
        let mut all = Vec::new();
        while let Some(keys) = batches.next().await? {
            self.read(|state| state.check_authority(by))?;
            all.push(batches.judge(&self.read(|state| state.for_import(&keys)))?);
        }
        self.write(|state| {
            state.check_authority(by)?;
            all.iter().try_for_each(|part| state.import(part))
        })
    }

    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError> {
        let email = |state: &State, id: UserId| Some((id, state.user(id)?.staff()?.email.clone()));
        Ok(self.read(|state| ids.iter().filter_map(|id| email(state, *id)).collect()))
    }
}

impl State {
    fn for_import(&self, keys: &ImportKeys) -> ImportFound {
        let customers = self.users().filter_map(|user| Some((user.customer()?.phone.clone(), user.clone())));
        let staff = self.users().filter_map(|user| Some((user.staff()?.email.clone(), user.clone())));
        ImportFound {
            customers: customers.filter(|(phone, _)| keys.phones.contains(phone)).collect(),
            staff: staff.filter(|(email, _)| keys.emails.contains(email)).collect(),
        }
    }

    fn import(&mut self, part: &ImportBatch) -> Result<(), WriteError> {
        for user in &part.created {
            self.insert_account(&Account::new(user.clone(), PasswordHash::unusable()), &[])?;
        }
        for update in &part.updated {
            self.update(&Update { events: Vec::new(), ..update.clone() })?;
        }
        self.events.extend_from_slice(&part.events);
        Ok(())
    }
}
