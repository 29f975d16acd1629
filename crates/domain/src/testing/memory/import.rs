//! Importing customers.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::authority::Authority;
use crate::id::UserId;
use crate::store::{
    Account, ImportBatch, ImportBatches, ImportFound, ImportKeys, ImportStore, StoreError, Update, WriteError,
};
use crate::user::PasswordHash;
use crate::value::Email;

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
