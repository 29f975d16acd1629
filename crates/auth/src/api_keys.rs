//! Makes API keys, and lets in those who have one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use domain::store::ApiKeyStore;
use domain::{Actor, ApiKey, ApiKeyId, NewApiKey, Origin, Timestamp};
use secrecy::SecretString;

use crate::answer::Caller;
use crate::api_key::{KeyText, PREFIX};
use crate::detached;
use crate::env::Env;
use crate::error::AuthError;
use crate::recent_keys::{KeyCaller, RecentKeys};
use crate::seen::Freshness;
use crate::wiring::{AuthStore, Shared};

/// How often a use is noted.
const NOTE_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Keys whose last noted use this instance remembers. Beyond, the database is asked once more than needed.
const REMEMBERED: usize = 10_000;

/// API keys.
#[derive(Clone)]
pub struct ApiKeys {
    env: Arc<Env>,
    pub(crate) store: Arc<dyn ApiKeyStore>,
    recent: Arc<RecentKeys>,
    /// What is done with keys but for their texts.
    pub register: domain::ApiKeys,
    noted: Arc<Mutex<HashMap<ApiKeyId, Timestamp>>>,
}

impl ApiKeys {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        let register = domain::ApiKeys::new(store.clone(), shared.env.clock.clone());
        let recent = RecentKeys::new(shared.env.settings.identity_cache).into();
        Self { env: shared.env.clone(), store: store.clone(), recent, register, noted: Arc::default() }
    }

    /// Whether a bearer token claims to be an API key.
    #[must_use]
    pub fn is_key(bearer: &str) -> bool {
        bearer.starts_with(PREFIX)
    }

    /// Makes a key of the caller. Its text is told this once.
    ///
    /// # Errors
    /// Those of [`domain::ApiKeys::create`]; [`AuthError::Crypto`].
    pub async fn create<E: From<AuthError> + From<domain::Error>>(
        &self,
        caller: &Caller,
        new: impl AsyncFnOnce() -> Result<NewApiKey, E>,
    ) -> Result<(ApiKey, SecretString), E> {
        let text = KeyText::new(self.env.clock.new_id().into()).map_err(AuthError::from)?;
        let digest = text.digest(&self.env.keys.secrets());
        let key = self.register.create(&caller.actor, &caller.user, new, (text.id, digest)).await?;
        Ok((key, text.encode()))
    }

    /// Who calls with this key. The key, the role and whether its owner is active are the database's word, of now or of a
    /// moment ago ([`Freshness`]). A text with a wrong checksum is refused without asking it.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] for any text that is not a living key, and for one that is used from a network that
    /// it does not name; [`AuthError::Store`] when the database can't say.
    pub async fn authenticate(&self, bearer: &str, origin: Origin, freshness: Freshness) -> Result<Caller, AuthError> {
        let found = self.find(bearer, freshness).await?;
        let KeyCaller { user, key } = &*found;
        if !key.is_for(origin.address) {
            return Err(AuthError::InvalidToken);
        }
        self.note_use(key);
        Ok(Caller { actor: Actor::by_key(user, key, origin), user: Arc::clone(user) })
    }

    /// The living key with this text, and its owner.
    ///
    /// # Errors
    /// Those of [`Self::authenticate`] but for the network.
    pub(crate) async fn find(&self, bearer: &str, freshness: Freshness) -> Result<Arc<KeyCaller>, AuthError> {
        let (store, secrets) = (&*self.store, self.env.keys.secrets());
        self.recent.find(store, &secrets, bearer, (self.env.now(), freshness)).await
    }

    /// Notes that the key is used, at most once a minute, while the request goes on.
    fn note_use(&self, key: &ApiKey) {
        let (id, now) = (key.id, self.env.now());
        let unless_after = now - NOTE_EVERY;
        if key.last_used_at.is_some_and(|at| at > unless_after) || !self.is_first_to_note(id, now) {
            return;
        }
        let store = self.store.clone();
        detached::spawn(async move { Ok(store.note_key_use(id, now, unless_after).await?) });
    }

    /// Whether nobody else in this instance has noted a use within the minute.
    fn is_first_to_note(&self, id: ApiKeyId, now: Timestamp) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&id).is_some_and(|at| *at > now - NOTE_EVERY) {
            return false;
        }
        if noted.len() >= REMEMBERED {
            noted.clear();
        }
        noted.insert(id, now);
        true
    }
}
