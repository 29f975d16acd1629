//! Queues in which changes of the same person wait for one another.
//!
//! In the database they would wait too, but each would hold a connection, until none is left for others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::UserId;
use domain::store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::out_of_time;

/// The people who are being changed by this instance, each with its queue. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct PersonQueues(Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>);

/// A place in the queue of a person, and at its head the right to change them.
pub(crate) struct PersonPermit {
    queues: PersonQueues,
    id: UserId,
    queue: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl PersonQueues {
    /// Waits until those who came before are done.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when that takes longer than `patience`.
    pub(crate) async fn take(&self, id: UserId, patience: Duration) -> Result<PersonPermit, StoreError> {
        let queue = self.with(|queues| Arc::clone(queues.entry(id).or_insert_with(|| Arc::new(Semaphore::new(1)))));
        let mut place = PersonPermit { queues: self.clone(), id, queue, permit: None };
        let permit = timeout(patience, Arc::clone(&place.queue).acquire_owned()).await;
        place.permit = Some(permit.map_err(|_| out_of_time())?.map_err(|_| out_of_time())?);
        Ok(place)
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<UserId, Arc<Semaphore>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for PersonPermit {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.queues.with(|queues| {
            // Ours and the map's: nobody else is in the queue, and nobody joins it while the map is locked.
            if Arc::strong_count(&self.queue) == 2 {
                queues.remove(&self.id);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn id(number: u128) -> UserId {
        uuid::Uuid::from_u128(number).into()
    }

    #[tokio::test]
    async fn one_after_the_other_and_nothing_is_left_of_the_queue() {
        let people = PersonQueues::default();
        let first = people.take(id(1), LONG).await.unwrap();
        let other = people.take(id(2), LONG).await.unwrap();
        assert!(people.take(id(1), Duration::from_millis(1)).await.is_err(), "the first is still at it");
        let waiting = tokio::spawn({
            let people = people.clone();
            async move { people.take(id(1), LONG).await.map(drop) }
        });
        tokio::task::yield_now().await;
        drop((first, other));
        waiting.await.unwrap().unwrap();
        assert_eq!(people.with(|queues| queues.len()), 0);
    }

    #[tokio::test]
    async fn whoever_leaves_the_queue_leaves_nothing_behind() {
        let people = PersonQueues::default();
        let first = people.take(id(1), LONG).await.unwrap();
        let waiting = tokio::spawn({
            let people = people.clone();
            async move { people.take(id(1), LONG).await.map(drop) }
        });
        tokio::task::yield_now().await;
        drop(first);
        waiting.abort();
        let _ = waiting.await;
        assert_eq!(people.with(|queues| queues.len()), 0);
    }
}
