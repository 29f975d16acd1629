//! Keys that all instances share.

use async_trait::async_trait;

use super::{MemoryStore, broken_key};
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::key::StoredKey;
use crate::store::{KeyStore, StoreError};

#[async_trait]
impl KeyStore for MemoryStore {
    async fn list_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        let mut keys = self.read(|state| state.keys.clone());
        keys.retain(|key| key.retired_at.is_none_or(|retired_at| now < retired_at));
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        self.change(|state| {
            for key in keys {
                if state.keys.iter().all(|other| other.purpose != key.purpose) {
                    state.keys.push(key.clone());
                }
            }
        });
        Ok(())
    }

    async fn rotate_key(&self, key: &StoredKey, retire_at: Timestamp, event: &Event) -> Result<(), StoreError> {
        self.write(|state| {
            if state.keys.iter().any(|other| other.id == key.id) {
                return Err(broken_key("pk_server_keys"));
            }
            for other in state.keys.iter_mut().filter(|other| other.purpose == key.purpose) {
                other.retired_at.get_or_insert(retire_at);
            }
            state.keys.push(key.clone());
            state.events.push(event.clone());
            Ok(())
        })
    }

    async fn seal_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        self.change(|state| {
            for key in keys {
                if let Some(plain) = state.keys.iter_mut().find(|other| other.id == key.id && !other.is_sealed) {
                    plain.secret.clone_from(&key.secret);
                    plain.is_sealed = true;
                }
            }
        });
        Ok(())
    }
}
