//! Who was found to be signed in a moment ago, so that not every request asks the database.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::store::{Generation, SessionStore, StoreError};
use domain::{SessionId, Timestamp, User, UserId};
use metrics::counter;
use tokio::time::Instant;

use crate::bounded_map::BoundedMap;

/// How old an answer of the database may be that is used again. What another instance changes is seen here by then;
/// the contract gives it 2 seconds.
const MAX_AGE: Duration = Duration::from_millis(1500);
/// Most bytes, about.
const MAX_WEIGHT: usize = 8 * 1024 * 1024;

/// How old the answer to the question who calls may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What this instance changed counts at once, what others changed within 1.5 seconds.
    Recent,
    /// As the database has them now.
    Current,
}

/// The callers of the last moment. Dead sessions are not remembered: each request with a dead token asks.
pub(crate) struct RecentCallers(Option<BoundedMap<SessionId, Arc<Seen>>>);

/// An answer of the database, and when it was asked for.
struct Seen {
    user: Arc<User>,
    expires_at: Timestamp,
    generation: Generation,
    asked: Instant,
    asked_at: Timestamp,
}

impl Seen {
    /// Whether the database would answer the same, but for what others changed a moment ago. Both clocks must say that
    /// it is a moment: one stands still while the machine sleeps, the other may be set.
    fn is_good(&self, generation: Generation, now: Timestamp) -> bool {
        let by_the_wall = now.signed_duration_since(self.asked_at);
        self.generation == generation
            && self.asked.elapsed() < MAX_AGE
            && by_the_wall >= TimeDelta::zero()
            && by_the_wall.to_std().is_ok_and(|age| age < MAX_AGE)
            && now < self.expires_at
    }
}

impl RecentCallers {
    /// Nobody yet; nobody ever where it is off.
    pub(crate) fn new(is_on: bool) -> Self {
        Self(is_on.then(|| BoundedMap::new(MAX_WEIGHT, MAX_AGE)))
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
        let (Some(seen), Some(generation)) = (&self.0, generation) else {
            return Ok(store.find_caller(session, now).await?.map(|found| found.user.into()));
        };
        if freshness == Freshness::Recent
            && let Some(good) = seen.get(&session).filter(|seen| seen.is_good(generation, now))
        {
            counter!("clientele_identity_lookups_total", "source" => "memory").increment(1);
            return Ok(Some(Arc::clone(&good.user)));
        }
        counter!("clientele_identity_lookups_total", "source" => "database").increment(1);
        let asked = Instant::now();
        let Some(found) = store.find_caller(session, now).await? else {
            seen.remove(&session);
            return Ok(None);
        };
        let user = Arc::new(found.user);
        // The generation is that of the owner whom the token names.
        if user.id == owner {
            let weight = weight(&user);
            let good = Seen { user: Arc::clone(&user), expires_at: found.expires_at, generation, asked, asked_at: now };
            seen.insert(session, Arc::new(good), weight);
        }
        Ok(Some(user))
    }
}

/// About how many bytes a person takes in memory. A parsed object takes several times its text.
fn weight(user: &User) -> usize {
    let metadata = user.customer().map_or(0, |customer| {
        let object = customer.metadata.as_object();
        if object.is_empty() { 0 } else { serde_json::to_vec(object).map_or(usize::MAX / 8, |text| text.len()) }
    });
    768 + metadata * 6
}

#[cfg(test)]
mod tests;
