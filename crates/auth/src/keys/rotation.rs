//! How one signing key takes over from another.

use chrono::TimeDelta;
use domain::Actor;
use domain::audit::{Change, Event, EventKind};
use domain::clock::Timestamp;

use super::{KeyError, KeyRing};
use crate::key_material::{Signer, new_signing_key};

/// Where a signing key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and signs soon.
    Next,
    /// Signs.
    Signing,
    /// Signs no longer; what it signed is good until the key is retired.
    Leaving,
}

impl KeyState {
    /// The name.
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
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub active_from: Timestamp,
    /// When what it signed is accepted no longer.
    pub retired_at: Option<Timestamp>,
}

impl KeyRing {
    /// How long a new key is published before it signs. Every instance reads
    /// the keys several times within it, and so does who caches the key set.
    pub const NOTICE: TimeDelta = TimeDelta::seconds(60);
    /// How much longer than its tokens an old key is accepted: an instance
    /// whose clock is slow, or that could not read the keys for a while, still signs with it.
    const MARGIN: TimeDelta = TimeDelta::minutes(5);

    /// Makes a new signing key. It is published at once and signs after
    /// [`KeyRing::NOTICE`]; the old one is accepted until its last token is
    /// dead. `token_ttl` is how long a token is good.
    ///
    /// # Errors
    /// [`KeyError`]; nothing has changed then.
    pub async fn rotate(&self, actor: &Actor, token_ttl: TimeDelta) -> Result<KeyStatus, KeyError> {
        let now = self.clock.now();
        let active_from = now + Self::NOTICE;
        let new = new_signing_key(now, active_from, self.master.as_ref())?;
        let mut event = Event::new(&*self.clock, actor, EventKind::KeyRotated, None);
        let before = self.newest().map(|key| key.kid.clone());
        event.changes.insert("kid".to_owned(), Change { from: before.into(), to: new.id.clone().into() });
        self.store.rotate_key(&new, active_from + token_ttl + Self::MARGIN, &event).await?;
        self.reload().await?;
        Ok(KeyStatus { id: new.id, state: KeyState::Next, created_at: now, active_from, retired_at: None })
    }

    /// The signing keys that are accepted, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<KeyStatus> {
        let now = self.clock.now();
        let signing = self.signer().map(|key| key.kid.clone());
        let accepted = self.keys();
        let accepted = accepted.signers.iter().filter(|key| key.is_accepted(now));
        accepted.map(|key| status(key, now, signing.as_deref())).collect()
    }

    fn newest(&self) -> Option<std::sync::Arc<Signer>> {
        self.keys().signers.last().cloned()
    }
}

fn status(key: &Signer, now: Timestamp, signing: Option<&str>) -> KeyStatus {
    let state = match signing {
        Some(kid) if kid == key.kid => KeyState::Signing,
        _ if now < key.active_from => KeyState::Next,
        _ => KeyState::Leaving,
    };
    KeyStatus {
        id: key.kid.clone(),
        state,
        created_at: key.created_at,
        active_from: key.active_from,
        retired_at: key.retired_at,
    }
}
