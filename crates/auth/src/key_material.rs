//! Makes keys, seals them for storage, and opens them for use.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use domain::challenge::Message;
use domain::clock::Timestamp;
use domain::delivery::MessageKeys;
use domain::key::{KeyPurpose, StoredKey};
use domain::session::Digest;
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::crypto::{CryptoError, MacKey, SealingKey, join, random, sha256};
use crate::key_error::{KeyError, MASTER_KEY_MIN_LENGTH};

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

/// A key that signs and checks access tokens (Ed25519, RFC 8032).
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) active_from: Timestamp,
    retired_at: Option<Timestamp>,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    public: String,
}

impl Signer {
    pub(crate) fn new(key: &StoredKey, secret: &SecretSlice<u8>) -> Result<Self, KeyError> {
        let damaged = || KeyError::Damaged { id: key.id.clone() };
        let pair = Ed25519KeyPair::from_pkcs8(secret.expose_secret()).map_err(|_| damaged())?;
        let public = pair.public_key().as_ref();
        if key.id != thumbprint(public) {
            return Err(damaged());
        }
        Ok(Self {
            kid: key.id.clone(),
            active_from: key.active_from,
            retired_at: key.retired_at,
            encoding: EncodingKey::from_ed_der(secret.expose_secret()),
            decoding: DecodingKey::from_ed_der(public),
            public: BASE64_URL_SAFE_NO_PAD.encode(public),
        })
    }

    pub(crate) fn is_accepted(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|at| now < at)
    }

    pub(crate) fn jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": self.public, "kid": self.kid, "use": "sig", "alg": "EdDSA" })
    }
}

/// The thumbprint of an Ed25519 key (RFC 7638 section 3, RFC 8037 appendix A.3).
fn thumbprint(public: &[u8]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    BASE64_URL_SAFE_NO_PAD.encode(sha256(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes()))
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
    now: Timestamp,
    active_from: Timestamp,
    master: Option<&MasterKey>,
) -> Result<StoredKey, CryptoError> {
    let pair = Ed25519KeyPair::generate()?;
    let document = pair.to_pkcs8()?;
    let id = thumbprint(pair.public_key().as_ref());
    stored(id, KeyPurpose::AccessToken, document.as_ref(), (now, active_from), master)
}

/// A new key for codes and refresh tokens.
pub(crate) fn new_codes_key(id: Uuid, now: Timestamp, master: Option<&MasterKey>) -> Result<StoredKey, CryptoError> {
    let secret = random::<{ ServerSecrets::LENGTH }>()?;
    stored(id.to_string(), KeyPurpose::Codes, &secret, (now, now), master)
}

fn stored(
    id: String,
    purpose: KeyPurpose,
    plain: &[u8],
    (created_at, active_from): (Timestamp, Timestamp),
    master: Option<&MasterKey>,
) -> Result<StoredKey, CryptoError> {
    let secret = plain.to_vec();
    let key = StoredKey { id, purpose, secret, is_sealed: false, created_at, active_from, retired_at: None };
    master.map_or(Ok(key.clone()), |master| master.seal(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprint_is_that_of_the_rfc() {
        let x = BASE64_URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(thumbprint(&x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
