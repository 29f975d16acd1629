//! Lets a few at a time look at one secret, in the order in which they came.
//!
//! The counters in the database decide how many guesses are under way, on all instances. This
//! keeps those who have to wait for them from asking the database again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::session::Digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// So many keys are kept before those that nobody uses are looked for.
const FEW: usize = 64;

/// A gate for each key that somebody uses now.
#[derive(Default)]
pub(super) struct Turnstile {
    gates: Mutex<HashMap<Digest, Weak<Semaphore>>>,
}

/// Lets the next one through when it is dropped.
pub(super) struct Pass(OwnedSemaphorePermit);

impl Pass {
    pub(super) fn into_permit(self) -> OwnedSemaphorePermit {
        self.0
    }
}

impl Turnstile {
    /// Waits until fewer than `at_once` with this key are through. `None` when that takes longer than `until`.
    pub(super) async fn pass(&self, key: Digest, at_once: u32, until: Instant) -> Option<Pass> {
        let gate = self.gate(key, at_once);
        let permit = timeout_at(until, gate.acquire_owned()).await.ok()?.ok()?;
        Some(Pass(permit))
    }

    fn gate(&self, key: Digest, at_once: u32) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        if gates.len() >= FEW && gates.len() == gates.capacity() {
            // Instead of growing, if that helps.
            gates.retain(|_, gate| gate.strong_count() > 0);
        }
        let gate = Arc::new(Semaphore::new(at_once as usize));
        gates.insert(key, Arc::downgrade(&gate));
        gate
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(10)
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_let_through_at_once() {
        let turnstile = Turnstile::default();
        let first = turnstile.pass([1; 32], 2, soon()).await.unwrap();
        let _second = turnstile.pass([1; 32], 2, soon()).await.unwrap();
        assert!(turnstile.pass([1; 32], 2, soon()).await.is_none());
        assert!(turnstile.pass([2; 32], 2, soon()).await.is_some(), "each key has a gate of its own");
        let (third, ()) = tokio::join!(turnstile.pass([1; 32], 2, soon()), async { drop(first) });
        assert!(third.is_some());
    }

    #[tokio::test]
    async fn keys_that_nobody_uses_are_forgotten() {
        let turnstile = Turnstile::default();
        let kept = turnstile.pass([0; 32], 1, soon()).await.unwrap();
        for n in 0..10_000_u32 {
            let mut key = [1; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            turnstile.pass(key, 1, soon()).await.unwrap();
        }
        assert!(turnstile.gates.lock().unwrap().len() < 1000);
        assert!(turnstile.pass([0; 32], 1, Instant::now()).await.is_none(), "this one is in use");
        drop(kept);
    }
}
