//! The keys of this installation, shared by all instances through the database.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::TimeDelta;
use domain::challenge::Message;
use domain::clock::Timestamp;
use domain::delivery::MessageKeys;
use domain::idempotency::IdempotentRequest;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::session::Digest;
use domain::store::{KeyStore, StoreError};
use domain::{Clock, UserId};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::key_error::KeyError;
use crate::key_material::{MasterKey, ServerSecrets, new_codes_key, new_signing_key};
use crate::signer::Signer;

pub(crate) mod rotation;

/// The keys that are in force, and the store that they come from. Everything that signs, checks or seals holds this in
/// an [`Arc`].
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    master: Option<MasterKey>,
    /// That of the next signing key.
    algorithm: TokenAlgorithm,
    keys: RwLock<Arc<Keys>>,
    /// When this instance last looked for an unknown key.
    last_search: Mutex<Option<Search>>,
}

#[derive(Clone, Copy)]
struct Search {
    at: Timestamp,
    failed: bool,
}

/// The keys from one reading of the store.
struct Keys {
    /// Oldest first.
    signers: Vec<Arc<Signer>>,
    secrets: Arc<ServerSecrets>,
}

impl KeyRing {
    /// The shortest time between two searches of the database for an unknown key.
    const SEARCH_INTERVAL: TimeDelta = TimeDelta::seconds(5);

    /// Reads the keys, and makes those that are missing. Instances that start at the same time get the same keys. Seals
    /// keys that were stored before there was a master key.
    /// A signing key that is made is of this algorithm; one that is there keeps its own.
    ///
    /// # Errors
    /// [`KeyError`]. The operator can mend those that name `auth.master_key`.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
        master_key: Option<SecretString>,
        algorithm: TokenAlgorithm,
    ) -> Result<Self, KeyError> {
        let master = master_key.map(|key| MasterKey::new(&key)).transpose()?;
        if let Some(master) = &master {
            seal_plain_keys(&*store, &*clock, master).await?;
        }
        let keys = match read(&*store, &*clock, master.as_ref()).await {
            Err(KeyError::Missing(_)) => {
                store.add_missing_keys(&new_keys(algorithm, &*clock, master.as_ref())?).await?;
                read(&*store, &*clock, master.as_ref()).await?
            }
            keys => keys?,
        };
        let (keys, last_search) = (RwLock::new(Arc::new(keys)), Mutex::new(None));
        Ok(Self { store, clock, master, algorithm, keys, last_search })
    }

    /// Reads the keys again. The server does so every 20 seconds. So it knows a key that another instance made well
    /// before the key is first used.
    pub async fn reload(&self) -> Result<(), KeyError> {
        let keys = read(&*self.store, &*self.clock, self.master.as_ref()).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// The public keys of the access tokens as a JWK set (RFC 7517 section 5). It includes keys
    /// that do not sign yet and keys that sign no longer.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let now = self.clock.now();
        let keys = self.keys();
        let keys: Vec<Value> = keys.signers.iter().filter(|key| key.is_accepted(now)).map(|key| key.jwk()).collect();
        json!({ "keys": keys })
    }

    /// A request under the key that its caller gave it. Only hashes of both are stored. A request may hold a password,
    /// which a fast hash alone would not protect. So the key, which is not stored, is hashed with it.
    #[must_use]
    pub fn idempotent_request(&self, caller: UserId, key: &str, request: &[u8]) -> IdempotentRequest {
        let mac = |parts: &[&[u8]]| self.secrets().requests.mac(parts);
        let key = key.as_bytes();
        IdempotentRequest { caller, key: mac(&[b"key", key]), request: mac(&[b"request", key, request]) }
    }

    /// The algorithms of the keys that are published, each once.
    #[must_use]
    pub fn algorithms(&self) -> Vec<TokenAlgorithm> {
        let now = self.clock.now();
        let keys = self.keys();
        let accepted = keys.signers.iter().filter(|key| key.is_accepted(now));
        accepted.map(|key| key.algorithm).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The newest key that may sign now.
    pub(crate) fn signer(&self) -> Option<Arc<Signer>> {
        let now = self.clock.now();
        let keys = self.keys();
        let mut accepted = keys.signers.iter().filter(|key| key.is_accepted(now));
        // The clock of the instance that made the very first key may be a little ahead.
        let oldest = accepted.clone().next();
        accepted.rfind(|key| key.active_from <= now).or(oldest).cloned()
    }

    /// The key with this `kid`. Another instance may just have made a key that is unknown here. So the database is
    /// asked, at most once every few seconds.
    pub(crate) async fn verifier(&self, kid: &str) -> Result<Option<Arc<Signer>>, KeyError> {
        if let Some(key) = self.known(kid) {
            return Ok(Some(key));
        }
        self.search().await?;
        Ok(self.known(kid))
    }

    /// Whether a key that is known here is accepted now.
    pub(crate) fn accepts(&self, kid: &str) -> bool {
        self.known(kid).is_some()
    }

    /// Reads the keys again, unless somebody just did. After a failed reading, further searches fail for as long. So a
    /// good token gets an error of the store, and is not refused.
    async fn search(&self) -> Result<(), KeyError> {
        let mut last_search = self.last_search.lock().await;
        let now = self.clock.now();
        match *last_search {
            Some(Search { at, failed: false }) if now - at < Self::SEARCH_INTERVAL => Ok(()),
            Some(Search { at, failed: true }) if now - at < Self::SEARCH_INTERVAL => {
                Err(StoreError::Unavailable("the keys could not be read a moment ago".into()).into())
            }
            _ => {
                let found = self.reload().await;
                *last_search = Some(Search { at: now, failed: found.is_err() });
                found
            }
        }
    }

    pub(crate) fn secrets(&self) -> Arc<ServerSecrets> {
        Arc::clone(&self.keys().secrets)
    }

    fn known(&self, kid: &str) -> Option<Arc<Signer>> {
        let now = self.clock.now();
        self.keys().signers.iter().find(|key| key.kid == kid && key.is_accepted(now)).cloned()
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MessageKeys for KeyRing {
    fn unseal(&self, message: &Message) -> Option<String> {
        self.secrets().unseal(message)
    }

    fn hash(&self, parts: &[&[u8]]) -> Digest {
        self.secrets().hash(parts)
    }
}

fn new_keys(
    algorithm: TokenAlgorithm,
    clock: &dyn Clock,
    master: Option<&MasterKey>,
) -> Result<[StoredKey; 2], KeyError> {
    let now = clock.now();
    Ok([new_signing_key(algorithm, now, now, master)?, new_codes_key(clock.new_id(), now, master)?])
}

/// Seals the keys that are stored unsealed. After that, nobody can sign with a new copy of the database; with an older
/// copy they still can.
async fn seal_plain_keys(store: &dyn KeyStore, clock: &dyn Clock, master: &MasterKey) -> Result<(), KeyError> {
    let plain = store.list_keys(clock.now()).await?.into_iter().filter(|key| !key.is_sealed);
    let sealed = plain.map(|key| master.seal(&key)).collect::<Result<Vec<_>, _>>()?;
    if !sealed.is_empty() {
        store.seal_keys(&sealed).await?;
        tracing::info!(keys = sealed.len(), "stored keys are sealed with auth.master_key from now on");
    }
    Ok(())
}

async fn read(store: &dyn KeyStore, clock: &dyn Clock, master: Option<&MasterKey>) -> Result<Keys, KeyError> {
    let (mut signers, mut secrets) = (Vec::new(), None);
    for key in store.list_keys(clock.now()).await? {
        let secret = MasterKey::open(master, &key)?;
        match key.purpose {
            KeyPurpose::AccessToken => signers.push(Arc::new(Signer::new(&key, &secret)?)),
            // The oldest one is used, since the hashes that were made with it must be found again.
            KeyPurpose::Codes if secrets.is_none() => secrets = Some(Arc::new(ServerSecrets::new(&key, &secret)?)),
            KeyPurpose::Codes => {}
        }
    }
    if signers.is_empty() {
        return Err(KeyError::Missing(KeyPurpose::AccessToken));
    }
    signers.sort_by_key(|key| key.active_from);
    Ok(Keys { signers, secrets: secrets.ok_or(KeyError::Missing(KeyPurpose::Codes))? })
}

#[cfg(test)]
mod tests;
