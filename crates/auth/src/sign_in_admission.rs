//! Admits requests with a password in the order in which they came, a few at a time.
//!
//! The counters in the database decide how many guesses are under way, on all instances. Those who have to wait for
//! them wait here, instead of asking the database again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::Actor;
use domain::session::Digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::env::Env;
use crate::error::AuthError;
use crate::hasher::{HashPermit, PATIENCE, PasswordHasher};
use crate::known_networks::network_of;

/// So many keys are kept before those that nobody uses are looked for.
const FEW: usize = 64;

/// The way of a request to the threads that hash.
pub(crate) struct SignInAdmission {
    pub(crate) env: Arc<Env>,
    pub(crate) hasher: PasswordHasher,
    pub(crate) gates: Gates,
}

impl SignInAdmission {
    /// A place in the queue for hashes, of the share that the actor's network has.
    pub(crate) async fn enter(&self, actor: &Actor) -> Result<HashPermit, AuthError> {
        self.enter_until(actor, Instant::now() + PATIENCE).await
    }

    /// The same for a request that arrived before. So many requests of one network go on together, and the others after
    /// them: what they do in the database beside the hash would otherwise keep other networks waiting.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] when none of them is done before the permit has to be used.
    pub(crate) async fn enter_until(&self, actor: &Actor, until: Instant) -> Result<HashPermit, AuthError> {
        let mut permit = self.hasher.enter_until(actor.origin.address, until)?;
        let key = self.env.hash(&[b"under way", network_of(actor).as_bytes()]);
        permit.keep(self.pass(key, self.hasher.at_once(), until).await?);
        Ok(permit)
    }

    /// Waits until fewer than `at_once` with this key are through.
    pub(crate) async fn pass(
        &self,
        key: Digest,
        at_once: u32,
        until: Instant,
    ) -> Result<OwnedSemaphorePermit, AuthError> {
        self.gates.pass(key, at_once, until).await.ok_or_else(|| self.hasher.turned_away())
    }
}

/// A gate for each key that somebody uses now.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<Digest, Weak<Semaphore>>>);

impl Gates {
    /// Lets the next one through when the permit is dropped.
    async fn pass(&self, key: Digest, at_once: u32, until: Instant) -> Option<OwnedSemaphorePermit> {
        timeout_at(until, self.gate(key, at_once).acquire_owned()).await.ok()?.ok()
    }

    fn gate(&self, key: Digest, at_once: u32) -> Arc<Semaphore> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let gates = Gates::default();
        let first = gates.pass([1; 32], 2, soon()).await.unwrap();
        let _second = gates.pass([1; 32], 2, soon()).await.unwrap();
        assert!(gates.pass([1; 32], 2, soon()).await.is_none());
        assert!(gates.pass([2; 32], 2, soon()).await.is_some(), "each key has a gate of its own");
        let (third, ()) = tokio::join!(gates.pass([1; 32], 2, soon()), async { drop(first) });
        assert!(third.is_some());
    }

    #[tokio::test]
    async fn keys_that_nobody_uses_are_forgotten() {
        let gates = Gates::default();
        let kept = gates.pass([0; 32], 1, soon()).await.unwrap();
        for n in 0..10_000_u32 {
            let mut key = [1; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            drop(gates.pass(key, 1, soon()).await.unwrap());
        }
        assert!(gates.0.lock().unwrap().len() < 1000);
        assert!(gates.pass([0; 32], 1, Instant::now()).await.is_none(), "this one is in use");
        drop(kept);
    }
}
