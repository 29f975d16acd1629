//! API keys.

use async_trait::async_trait;

use super::{MemoryStore, State, broken_key};
use crate::actor::Authority;
use crate::actor::FreshProof;
use crate::api_key::ApiKey;
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::{ApiKeyId, UserId};
use crate::store::{ApiKeyStore, Generation, StoreError, WriteError};
use crate::user::User;

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn create_api_key(
        &self,
        by: &Authority,
        proof: &FreshProof,
        key: &ApiKey,
        most: u64,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            state.check_fresh(proof)?;
            if state.api_keys_of(Some(key.owner_id)).count() as u64 >= most {
                return Err(WriteError::TooManyKeys);
            }
            if state.api_keys.iter().any(|other| other.id == key.id) {
                return Err(broken_key("pk_api_keys").into());
            }
            state.api_keys.push(key.clone());
            state.events.push(event.clone());
            Ok(())
        })
    }

    async fn find_key_caller(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<(User, ApiKey)>, StoreError> {
        Ok(self.read(|state| {
            let key = state.api_keys.iter().find(|key| key.id == id && now < key.expires_at)?;
            let owner = state.user(key.owner_id)?;
            (owner.is_active && owner.role() == key.owner_role).then(|| (owner.clone(), key.clone()))
        }))
    }

    fn key_generation(&self, _key: ApiKeyId, _owner: UserId) -> Option<Generation> {
        Some(self.generation_of_all())
    }

    async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.read(|state| state.api_keys.iter().find(|key| key.id == id).cloned()))
    }

    async fn list_api_keys(&self, owner: Option<UserId>) -> Result<Vec<ApiKey>, StoreError> {
        let mut keys: Vec<_> = self.read(|state| state.api_keys_of(owner).cloned().collect());
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        Ok(keys)
    }

    async fn revoke_api_key(&self, by: &Authority, id: ApiKeyId, event: &Event) -> Result<bool, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let before = state.api_keys.len();
            state.api_keys.retain(|key| key.id != id);
            let is_revoked = state.api_keys.len() < before;
            state.events.extend(is_revoked.then(|| event.clone()));
            Ok(is_revoked)
        })
    }

    async fn note_key_use(&self, id: ApiKeyId, now: Timestamp, unless_after: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            let is_meant = |key: &&mut ApiKey| key.id == id && key.last_used_at.is_none_or(|at| at <= unless_after);
            if let Some(key) = state.api_keys.iter_mut().find(is_meant) {
                key.last_used_at = Some(now);
            }
            Ok(())
        })
    }
}

impl State {
    pub(super) fn api_keys_of(&self, owner: Option<UserId>) -> impl Iterator<Item = &ApiKey> {
        self.api_keys.iter().filter(move |key| owner.is_none_or(|owner| key.owner_id == owner))
    }
}
