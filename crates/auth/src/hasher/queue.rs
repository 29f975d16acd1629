//! The way to the threads that hash: so short that nobody waits there in vain.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::HasherStats;
use crate::crypto::CryptoError;
use crate::error::AuthError;

/// How long a request waits for a thread, from its arrival on, before it is
/// turned away: within two seconds, with what there is to do beside it.
const PATIENCE: Duration = Duration::from_millis(1500);
/// What those who are turned away are told.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// So many may wait however long each takes.
const LEAST_LENGTH: u64 = 4;

/// Threads, and those who wait for one.
pub(super) struct Queue {
    threads: u64,
    permits: Arc<Semaphore>,
    /// How long one takes on average, in microseconds.
    average: AtomicU64,
    waiting: AtomicU64,
    rejected: AtomicU64,
    computed: AtomicU64,
}

/// The place of one request in the queue, taken before any other work is done
/// for it. Dropped, it is free.
pub struct Place {
    queue: Arc<Queue>,
    until: Instant,
    is_waiting: bool,
}

impl Queue {
    pub(super) fn new(threads: NonZeroUsize, first_guess: Duration) -> Self {
        Self {
            threads: threads.get() as u64,
            permits: Arc::new(Semaphore::new(threads.get())),
            average: AtomicU64::new(microseconds(first_guess)),
            waiting: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            computed: AtomicU64::new(0),
        }
    }

    /// A place, unless so many wait already that the last of them would wait too long.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Place, AuthError> {
        let most = self.length();
        let one_more = |waiting| (waiting < most).then_some(waiting + 1);
        match self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Place { queue: Arc::clone(self), until: Instant::now() + PATIENCE, is_waiting: true }),
            Err(_) => Err(self.turned_away()),
        }
    }

    pub(super) fn stats(&self) -> HasherStats {
        HasherStats {
            waiting: self.waiting.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            computed: self.computed.load(Ordering::Relaxed),
        }
    }

    /// How many may wait.
    fn length(&self) -> u64 {
        let average = self.average.load(Ordering::Relaxed).max(1);
        (self.threads * microseconds(PATIENCE) / average).max(LEAST_LENGTH)
    }

    fn turned_away(&self) -> AuthError {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        AuthError::Overloaded { retry_after: RETRY_AFTER }
    }

    /// Two at the same time may lose one of them, which does the average no harm.
    fn took(&self, time: Duration) {
        const WEIGHT: u64 = 8;
        let average = self.average.load(Ordering::Relaxed);
        self.average.store((average * (WEIGHT - 1) + microseconds(time)) / WEIGHT, Ordering::Relaxed);
    }
}

impl Place {
    /// Does the work on a thread, as soon as one is free.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let permit = self.permit().await?;
        let queue = Arc::clone(&self.queue);
        queue.computed.fetch_add(1, Ordering::Relaxed);
        // The permit goes with the work: a caller who hangs up frees no thread that is still at it.
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let began = Instant::now();
            let done = work();
            queue.took(began.elapsed());
            done
        });
        task.await.map_err(|_| CryptoError.into())
    }

    /// A thread that is free is had even by one who comes late.
    async fn permit(&mut self) -> Result<OwnedSemaphorePermit, AuthError> {
        let permit = timeout_at(self.until, Arc::clone(&self.queue.permits).acquire_owned()).await;
        self.leave();
        match permit {
            Ok(permit) => permit.map_err(|_| CryptoError.into()),
            Err(_) => Err(self.queue.turned_away()),
        }
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            self.queue.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(average: Duration) -> Arc<Queue> {
        Arc::new(Queue::new(NonZeroUsize::MIN, average))
    }

    /// Enters until turned away.
    fn fill(queue: &Arc<Queue>) -> Vec<Place> {
        std::iter::from_fn(|| queue.enter().ok()).collect()
    }

    #[test]
    fn the_queue_is_as_long_as_can_be_served_in_time() {
        for (average, length) in [(50, 30), (250, 6), (500, 4), (5000, 4)] {
            let queue = queue(Duration::from_millis(average));
            let places = fill(&queue);
            assert_eq!(places.len(), length, "{average} ms");
            assert_eq!(queue.stats(), HasherStats { waiting: length as u64, rejected: 1, computed: 0 });
            assert!(matches!(queue.enter(), Err(AuthError::Overloaded { retry_after: RETRY_AFTER })));
            drop(places);
            assert_eq!((queue.stats().waiting, fill(&queue).len()), (0, length), "and free again");
        }
    }

    #[test]
    fn slower_work_makes_it_shorter_and_faster_work_longer() {
        let queue = queue(Duration::from_millis(250));
        for (time, length) in [(500, 4), (50, 29)] {
            (0..50).for_each(|_| queue.took(Duration::from_millis(time)));
            let now = queue.length();
            assert!((length..=length + 1).contains(&now), "{now}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn patience_begins_with_the_arrival() {
        let queue = queue(Duration::from_millis(250));
        let held = Arc::clone(&queue.permits).acquire_owned().await.unwrap();
        let began = Instant::now();
        let mut place = queue.enter().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(matches!(place.run(|| ()).await, Err(AuthError::Overloaded { .. })));
        assert_eq!(began.elapsed(), PATIENCE);
        assert_eq!(queue.stats(), HasherStats { waiting: 0, rejected: 1, computed: 0 });
        drop(held);
        place.run(|| ()).await.unwrap();
        assert_eq!(queue.stats().computed, 1, "a free thread is had by one who comes late");
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_leaves_the_thread_taken_until_it_is_done() {
        let queue = queue(Duration::from_millis(250));
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let mut place = queue.enter().unwrap();
        let task = tokio::spawn(async move { place.run(move || ended.recv()).await });
        while queue.stats().computed == 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.is_err());
        assert_eq!((queue.permits.available_permits(), queue.stats().waiting), (0, 0));
        drop(end);
        queue.enter().unwrap().run(|| ()).await.unwrap();
    }
}
