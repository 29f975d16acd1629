//! Keeps a costly answer for a second, for all who ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch::{self, Receiver};
use tokio::time::{Instant, timeout};

/// How long an answer is used.
const AGE: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer that is computed at most once a second. One task at a time computes it and is never cancelled; all callers
/// get its answer. Clones share it.
#[derive(Clone)]
pub struct Recent<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    /// When the last task began.
    asked_at: Option<Instant>,
    /// The outer `None` means that the task still runs, the inner one that it took too long.
    answer: Receiver<Option<Option<T>>>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { asked_at: None, answer: watch::channel(None).1 })))
    }
}

impl<T: Clone + Send + Sync + 'static> Recent<T> {
    /// The answer of the last second, or a new one. `None` when it takes longer than 2 seconds.
    pub async fn get<F>(&self, ask: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut answer = self.current(ask);
        // An error means that the task panicked.
        let answer = answer.wait_for(Option::is_some).await.ok()?;
        answer.clone().flatten()
    }

    fn current<F>(&self, ask: impl FnOnce() -> F) -> Receiver<Option<Option<T>>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = state.asked_at.is_some_and(|at| at.elapsed() < AGE);
        let is_asking = state.answer.borrow().is_none() && state.answer.has_changed().is_ok();
        if !is_recent && !is_asking {
            let (sender, answer) = watch::channel(None);
            *state = State { asked_at: Some(Instant::now()), answer };
            let asked = timeout(PATIENCE, ask());
            // It has its own task, since the request may be dropped.
            tokio::spawn(async move { sender.send(Some(asked.await.ok())) });
        }
        state.answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::{join_all, pending};
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_for_once_a_second_whoever_asks() {
        let (recent, asked) = (Recent::default(), Arc::new(AtomicU32::new(0)));
        let get = || {
            let asked = asked.clone();
            recent.get(move || async move {
                sleep(Duration::from_millis(300)).await;
                asked.fetch_add(1, Ordering::SeqCst)
            })
        };
        assert_eq!(join_all((0..50).map(|_| get())).await, [Some(0); 50]);
        sleep(Duration::from_millis(650)).await;
        assert_eq!(get().await, Some(0), "less than a second after the asking");
        sleep(Duration::from_millis(50)).await;
        assert_eq!(join_all((0..50).map(|_| get())).await, [Some(1); 50]);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_answer_comes_nobody_waits_long_and_nobody_asks_beside() {
        let (recent, asked) = (Recent::<u32>::default(), Arc::new(AtomicU32::new(0)));
        let get = || {
            let asked = asked.clone();
            recent.get(move || {
                asked.fetch_add(1, Ordering::SeqCst);
                pending()
            })
        };
        let began = Instant::now();
        let impatient = timeout(Duration::from_millis(10), get()).await;
        assert!(impatient.is_err());
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(join_all((0..50).map(|_| get())).await, [None; 50]);
        assert_eq!((asked.load(Ordering::SeqCst), began.elapsed().as_secs()), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_asker_that_breaks_is_followed_by_another() {
        let recent = Recent::default();
        assert_eq!(recent.get(|| async { panic!("this panic is part of the test") }).await, None::<u32>);
        sleep(AGE).await;
        assert_eq!(recent.get(|| async { 7 }).await, Some(7));
    }
}
