//! What the database answered a moment ago, and how long it may be used again.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::store::Generation;
use domain::{Timestamp, User};
use tokio::time::Instant;

use crate::bounded_map::BoundedMap;

/// How old an answer of the database may be that is used again. What another instance changes is seen here by then;
/// the contract gives it 2 seconds.
pub(crate) const MAX_AGE: Duration = Duration::from_millis(1500);
/// Most bytes of one kind of answers, about.
const MAX_WEIGHT: usize = 8 * 1024 * 1024;

/// How old the answer to the question who calls may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What this instance changed counts at once, what others changed within 1.5 seconds.
    Recent,
    /// As the database has them now.
    Current,
}

/// An answer of the database, and when it was asked for.
pub(crate) struct Seen<T> {
    pub(crate) answer: T,
    /// When it stops being true by itself.
    pub(crate) expires_at: Timestamp,
    /// That from before the question. Without one it is not used again.
    pub(crate) generation: Option<Generation>,
    pub(crate) asked: Question,
}

/// When the database was asked, by both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    by_the_machine: Instant,
    by_the_wall: Timestamp,
}

impl Question {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self { by_the_machine: Instant::now(), by_the_wall: now }
    }
}

impl<T> Seen<T> {
    /// Whether the database would answer the same, but for what others changed a moment ago. Both clocks must say that
    /// it is a moment: one stands still while the machine sleeps, the other may be set.
    pub(crate) fn is_good(&self, generation: Option<Generation>, now: Timestamp) -> bool {
        let by_the_wall = now.signed_duration_since(self.asked.by_the_wall);
        self.generation.is_some()
            && self.generation == generation
            && self.asked.by_the_machine.elapsed() < MAX_AGE
            && by_the_wall >= TimeDelta::zero()
            && by_the_wall.to_std().is_ok_and(|age| age < MAX_AGE)
            && now < self.expires_at
    }
}

/// A map for such answers.
pub(crate) fn map<K: std::hash::Hash + Eq, T>() -> BoundedMap<K, Arc<Seen<T>>> {
    BoundedMap::new(MAX_WEIGHT, MAX_AGE)
}

/// About how many bytes a person takes in memory. A parsed object takes several times its text.
pub(crate) fn weight(user: &User) -> usize {
    let metadata = user.customer().map_or(0, |customer| {
        let object = customer.metadata.as_object();
        if object.is_empty() { 0 } else { serde_json::to_vec(object).map_or(usize::MAX / 8, |text| text.len()) }
    });
    768 + metadata * 6
}

#[cfg(test)]
mod tests {
    use domain::testing::{FixedClock, customer};
    use domain::{Metadata, Profile};

    use super::*;

    #[test]
    fn whoever_has_much_metadata_weighs_more() {
        let clock = FixedClock::default();
        let mut user = customer(&clock, "+998901234567", None);
        let light = weight(&user);
        let Profile::Customer(customer) = &mut user.profile else { panic!() };
        let serde_json::Value::Object(much) = serde_json::json!({ "much": "x".repeat(16_000) }) else { panic!() };
        customer.metadata = Metadata::parse(much).unwrap();
        assert!(weight(&user) > light + 6 * 16_000);
        assert!(light < 1000);
    }
}
