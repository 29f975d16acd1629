//! Makes keys, seals them for storage, and opens them for use.

use domain::challenge::Message;
use domain::clock::Timestamp;
use domain::delivery::MessageKeys;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::session::Digest;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use uuid::Uuid;

use crate::crypto::{CryptoError, MacKey, SealingKey, join, random};
use crate::key_error::{KeyError, MASTER_KEY_MIN_LENGTH};
use crate::signer;

/// Seals stored keys, so that nobody can sign with a copy of the database alone.
pub(crate) struct MasterKey(SealingKey);

impl MasterKey {
    pub(crate) fn new(key: &SecretString) -> Result<Self, KeyError> {
        let key = key.expose_secret();
        let length = key.chars().count();
        if length < MASTER_KEY_MIN_LENGTH {
            return Err(KeyError::MasterKeyTooShort { length });
        }
        Ok(Self(SealingKey::derived(key.as_bytes(), "stored keys")?))
    }

    /// The same key, sealed.
    pub(crate) fn seal(&self, key: &StoredKey) -> Result<StoredKey, CryptoError> {
        let secret = self.0.seal(&seal_context(&key.id, key.purpose), &key.secret)?;
        Ok(StoredKey { secret, is_sealed: true, ..key.clone() })
    }

    /// The secret of a stored key. A key that was stored before there was a master key is still readable.
    pub(crate) fn open(master: Option<&Self>, key: &StoredKey) -> Result<SecretSlice<u8>, KeyError> {
        if !key.is_sealed {
            return Ok(key.secret.clone().into());
        }
        let master = master.ok_or_else(|| KeyError::MasterKeyMissing { id: key.id.clone() })?;
        let opened = master.0.open(&seal_context(&key.id, key.purpose), &key.secret);
        opened.map(Into::into).ok_or_else(|| KeyError::MasterKeyWrong { id: key.id.clone() })
    }
}

/// Binds a sealed key to its id and purpose: it does not open under another id or for another purpose.
fn seal_context(id: &str, purpose: KeyPurpose) -> Vec<u8> {
    join(&[purpose.as_str().as_bytes(), id.as_bytes()])
}

/// The keys that are derived from the one `codes` key, one for each use.
pub(crate) struct ServerSecrets {
    /// Proves that a refresh token was made here.
    pub(crate) refresh_tag: MacKey,
    /// Derives the next refresh token from the one before.
    pub(crate) refresh_successor: MacKey,
    /// Hashes one-time codes.
    pub(crate) codes: MacKey,
    /// Hashes the contacts for which somebody asks for codes.
    pub(crate) subjects: MacKey,
    /// Hashes idempotent requests.
    pub(crate) requests: MacKey,
    /// Hashes API keys.
    pub(crate) api_keys: MacKey,
    /// Hashes the keys of counters of attempts.
    pub(crate) attempts: MacKey,
    /// Seals codes in messages.
    pub(crate) messages: SealingKey,
}

impl ServerSecrets {
    const LENGTH: usize = 32;

    pub(crate) fn new(key: &StoredKey, secret: &SecretSlice<u8>) -> Result<Self, KeyError> {
        let secret = secret.expose_secret();
        if secret.len() != Self::LENGTH {
            return Err(KeyError::Damaged { id: key.id.clone() });
        }
        Ok(Self {
            refresh_tag: MacKey::derived(secret, "refresh token tag")?,
            refresh_successor: MacKey::derived(secret, "refresh token successor")?,
            codes: MacKey::derived(secret, "code")?,
            subjects: MacKey::derived(secret, "challenge subject")?,
            requests: MacKey::derived(secret, "request")?,
            api_keys: MacKey::derived(secret, "api key")?,
            attempts: MacKey::derived(secret, "attempt")?,
            messages: SealingKey::derived(secret, "message")?,
        })
    }
}

impl MessageKeys for ServerSecrets {
    fn unseal(&self, message: &Message) -> Option<String> {
        let plain = self.messages.open(message.id.as_uuid().as_bytes(), &message.sealed_code)?;
        String::from_utf8(plain).ok()
    }

    fn hash(&self, parts: &[&[u8]]) -> Digest {
        self.attempts.mac(parts)
    }
}

/// A new signing key that signs from `active_from` on.
pub(crate) fn new_signing_key(
    algorithm: TokenAlgorithm,
    now: Timestamp,
    active_from: Timestamp,
    master: Option<&MasterKey>,
) -> Result<StoredKey, CryptoError> {
    let (id, secret) = signer::generate(algorithm)?;
    let (purpose, algorithm) = (KeyPurpose::AccessToken, Some(algorithm));
    let key =
        StoredKey { id, purpose, algorithm, secret, is_sealed: false, created_at: now, active_from, retired_at: None };
    sealed(key, master)
}

/// A new key for codes and refresh tokens.
pub(crate) fn new_codes_key(id: Uuid, now: Timestamp, master: Option<&MasterKey>) -> Result<StoredKey, CryptoError> {
    let secret = random::<{ ServerSecrets::LENGTH }>()?.to_vec();
    let (id, purpose) = (id.to_string(), KeyPurpose::Codes);
    let key = StoredKey {
        id,
        purpose,
        algorithm: None,
        secret,
        is_sealed: false,
        created_at: now,
        active_from: now,
        retired_at: None,
    };
    sealed(key, master)
}

fn sealed(key: StoredKey, master: Option<&MasterKey>) -> Result<StoredKey, CryptoError> {
    match master {
        Some(master) => master.seal(&key),
        None => Ok(key),
    }
}
