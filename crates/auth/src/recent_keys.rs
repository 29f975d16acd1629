//! Which API keys were found to be good a moment ago, so that not every request asks the database.

use std::sync::Arc;

use domain::session::Digest;
use domain::store::ApiKeyStore;
use domain::{ApiKey, Timestamp, User};
use metrics::counter;

use crate::api_key::KeyText;
use crate::bounded_map::BoundedMap;
use crate::crypto::{equal, sha256};
use crate::error::AuthError;
use crate::key_material::ServerSecrets;
use crate::seen::{self, Freshness, Question, Seen};

/// About how many bytes a key takes beside its owner.
const KEY_WEIGHT: usize = 512;

/// A living key and its owner.
pub(crate) struct KeyCaller {
    pub(crate) user: Arc<User>,
    pub(crate) key: ApiKey,
}

/// The keys of the last moment, by the SHA-256 of their texts. A forged one never gets here, so it takes no place and
/// moves nobody out.
pub(crate) struct RecentKeys(Option<BoundedMap<Digest, Arc<Seen<Arc<KeyCaller>>>>>);

impl RecentKeys {
    /// None yet; none ever where it is off.
    pub(crate) fn new(is_on: bool) -> Self {
        Self(is_on.then(seen::map))
    }

    /// The living key with this text, and its owner.
    ///
    /// The text does not say whose it is. So the first answer only tells for whom changes are to be watched, and the
    /// second one is used again.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] for any other text; [`AuthError::Store`] when the database can't say.
    pub(crate) async fn find(
        &self,
        store: &dyn ApiKeyStore,
        secrets: &ServerSecrets,
        bearer: &str,
        (now, freshness): (Timestamp, Freshness),
    ) -> Result<Arc<KeyCaller>, AuthError> {
        let place = sha256(bearer.as_bytes());
        let last = self.0.as_ref().and_then(|seen| seen.get(&place));
        // Before the question, as for sessions.
        let generation =
            last.as_ref().and_then(|last| store.key_generation(last.answer.key.id, last.answer.key.owner_id));
        if freshness == Freshness::Recent
            && let Some(good) = last.filter(|last| last.is_good(generation, now))
        {
            counter!("clientele_identity_lookups_total", "source" => "memory").increment(1);
            return Ok(Arc::clone(&good.answer));
        }
        let text = KeyText::parse(bearer).ok_or(AuthError::InvalidToken)?;
        counter!("clientele_identity_lookups_total", "source" => "database").increment(1);
        let asked = Question::at(now);
        let found = store.find_key_caller(text.id, now).await?;
        let Some((user, key)) = found.filter(|(_, key)| equal(&key.digest, &text.digest(secrets))) else {
            if let Some(seen) = &self.0 {
                seen.remove(&place);
            }
            return Err(AuthError::InvalidToken);
        };
        let weight = KEY_WEIGHT + 64 * key.networks.len() + seen::weight(&user);
        let caller = Arc::new(KeyCaller { user: user.into(), key });
        if let Some(seen) = &self.0 {
            let (answer, expires_at) = (Arc::clone(&caller), caller.key.expires_at);
            seen.insert(place, Arc::new(Seen { answer, expires_at, generation, asked }), weight);
        }
        Ok(caller)
    }
}

#[cfg(test)]
mod tests;
