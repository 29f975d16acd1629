//! Replaces the signing key, and lists the signing keys for operators.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::Actor;
use domain::audit::{Change, Event, EventKind};
use domain::clock::Timestamp;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::store::{KeyStore, StoreError};

use super::KeyRing;
use crate::key_error::KeyError;
use crate::key_material::new_signing_key;
use crate::signer::Signer;

/// Where a signing key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and will sign soon.
    Next,
    /// It signs.
    Signing,
    /// It signs no longer. Its tokens are accepted until it is retired.
    Leaving,
}

impl KeyState {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Leaving => "leaving",
        }
    }
}

/// A signing key as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// The `kid`.
    pub id: String,
    pub state: KeyState,
    pub algorithm: Option<TokenAlgorithm>,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub active_from: Timestamp,
    pub retired_at: Option<Timestamp>,
    /// Whether it is sealed with the master key.
    pub is_sealed: bool,
}

impl KeyStatus {
    fn new(key: &StoredKey, state: KeyState) -> Self {
        Self {
            id: key.id.clone(),
            state,
            algorithm: key.algorithm,
            created_at: key.created_at,
            active_from: key.active_from,
            retired_at: key.retired_at,
            is_sealed: key.is_sealed,
        }
    }
}

impl KeyRing {
    /// How long a new key is published before it signs. In this time, every instance and everybody who caches the key
    /// set reads the keys several times.
    pub const NOTICE: TimeDelta = TimeDelta::seconds(60);
    /// How much longer than its tokens an old key is accepted. An instance whose clock is slow, or that could not read
    /// the keys for a while, still signs with it.
    const MARGIN: TimeDelta = TimeDelta::minutes(5);

    /// Makes a new signing key of the algorithm of the ring. It is published at once and signs after [`KeyRing::NOTICE`]. The old key is accepted
    /// until its last token has expired. `token_ttl` is the lifetime of a token.
    pub async fn rotate(&self, actor: &Actor, token_ttl: TimeDelta) -> Result<KeyStatus, KeyError> {
        let now = self.clock.now();
        let active_from = now + Self::NOTICE;
        let new = new_signing_key(self.algorithm, now, active_from, self.master.as_ref())?;
        let mut event = Event::new(&*self.clock, actor, EventKind::KeyRotated, None);
        let before = self.newest().map(|key| key.kid.clone());
        event.changes.insert("kid".to_owned(), Change { from: before.into(), to: new.id.clone().into() });
        self.store.rotate_key(&new, active_from + token_ttl + Self::MARGIN, &event).await?;
        self.reload().await?;
        Ok(KeyStatus::new(&new, KeyState::Next))
    }

    fn newest(&self) -> Option<Arc<Signer>> {
        self.keys().signers.last().cloned()
    }
}

/// The signing keys that are accepted, oldest first. This opens no key and needs no master key.
pub async fn signing_keys(store: &dyn KeyStore, now: Timestamp) -> Result<Vec<KeyStatus>, StoreError> {
    let mut keys = store.list_keys(now).await?;
    keys.retain(|key| key.purpose == KeyPurpose::AccessToken);
    keys.sort_by_key(|key| key.active_from);
    let signing = keys.iter().rposition(|key| key.active_from <= now).unwrap_or_default();
    let state = |at: usize| match at.cmp(&signing) {
        Ordering::Less => KeyState::Leaving,
        Ordering::Equal => KeyState::Signing,
        Ordering::Greater => KeyState::Next,
    };
    Ok(keys.into_iter().enumerate().map(|(at, key)| KeyStatus::new(&key, state(at))).collect())
}
