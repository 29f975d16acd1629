//! Who was found to be signed in a moment ago, so that not every request asks the database.

use std::sync::Arc;

use domain::store::{SessionStore, StoreError};
use domain::{SessionId, Timestamp, User, UserId};
use metrics::counter;

use crate::bounded_map::BoundedMap;
use crate::seen::{self, Freshness, Question, Seen};

/// The callers of the last moment. Dead sessions are not remembered: each request with a dead token asks.
pub(crate) struct RecentCallers(Option<BoundedMap<SessionId, Arc<Seen<Arc<User>>>>>);

impl RecentCallers {
    /// Nobody yet; nobody ever where it is off.
    pub(crate) fn new(is_on: bool) -> Self {
        Self(is_on.then(seen::map))
    }

    /// The active person of a live session, which is said to be this owner's.
    pub(crate) async fn find(
        &self,
        store: &dyn SessionStore,
        (session, owner): (SessionId, UserId),
        now: Timestamp,
        freshness: Freshness,
    ) -> Result<Option<Arc<User>>, StoreError> {
        // Before the question: what is changed while the database answers is another generation, and its answer is
        // not used again.
        let generation = store.generation(session, owner);
        let (Some(seen), Some(_)) = (&self.0, generation) else {
            return Ok(store.find_caller(session, now).await?.map(|found| found.user.into()));
        };
        if freshness == Freshness::Recent
            && let Some(good) = seen.get(&session).filter(|seen| seen.is_good(generation, now))
        {
            counter!("clientele_identity_lookups_total", "source" => "memory").increment(1);
            return Ok(Some(Arc::clone(&good.answer)));
        }
        counter!("clientele_identity_lookups_total", "source" => "database").increment(1);
        let asked = Question::at(now);
        let Some(found) = store.find_caller(session, now).await? else {
            seen.remove(&session);
            return Ok(None);
        };
        let user = Arc::new(found.user);
        // The generation is that of the owner whom the token names.
        if user.id == owner {
            let weight = seen::weight(&user);
            let good = Seen { answer: Arc::clone(&user), expires_at: found.expires_at, generation, asked };
            seen.insert(session, Arc::new(good), weight);
        }
        Ok(Some(user))
    }
}

#[cfg(test)]
mod tests;
