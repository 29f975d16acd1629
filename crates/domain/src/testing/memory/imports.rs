//! Many customers at once.

use std::collections::BTreeMap;

use super::{MemoryStore, State};
use crate::authority::Authority;
use crate::id::UserId;
use crate::store::{Account, ImportBatch, ImportBatches, ImportFound, ImportKeys, Update, WriteError};
use crate::user::PasswordHash;
use crate::value::Email;

impl MemoryStore {
    pub(super) fn for_import(&self, keys: &ImportKeys) -> ImportFound {
        self.read(|state| state.for_import(keys))
    }

    pub(super) fn emails(&self, ids: &[UserId]) -> BTreeMap<UserId, Email> {
        let email = |state: &State, id: UserId| Some((id, state.user(id)?.staff()?.email.clone()));
        self.read(|state| ids.iter().filter_map(|id| email(state, *id)).collect())
    }

    /// Judges by what was there at the beginning and writes at the end, if all of it still holds then.
    pub(super) async fn import(&self, by: &Authority, parts: &mut dyn ImportBatches) -> Result<(), WriteError> {
        let mut all = Vec::new();
        while let Some(keys) = parts.next().await? {
            self.read(|state| state.check_authority(by))?;
            all.push(parts.judge(&self.for_import(&keys))?);
        }
        self.write(|state| {
            state.check_authority(by)?;
            all.iter().try_for_each(|part| state.import(part))
        })
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
