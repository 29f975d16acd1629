//! Admits requests with a password a few at a time, in the order of their arrival.
//!
//! The counters in the database decide how many guesses may be under way on all instances together. Requests of this
//! instance wait here for one another, and so do not ask the database again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::Actor;
use domain::session::Digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::env::{Env, network_of};
use crate::error::AuthError;
use crate::hasher::{HashPermit, PATIENCE};

/// How many gates there may be before unused ones are removed.
const FEW: usize = 64;

/// Leads requests to the threads that hash.
pub(crate) struct SignInAdmission {
    pub(crate) env: Arc<Env>,
    pub(crate) gates: Gates,
}

impl SignInAdmission {
    /// A place in the queue for hashes, from the share of the actor's network.
    pub(crate) async fn enter(&self, actor: &Actor) -> Result<HashPermit, AuthError> {
        self.enter_until(actor, Instant::now() + PATIENCE).await
    }

    /// The same for a request that arrived earlier. Only a few requests of one network are under way at once; the
    /// others wait. Otherwise their work in the database would keep other networks waiting.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] when the request cannot go on before `until`.
    pub(crate) async fn enter_until(&self, actor: &Actor, until: Instant) -> Result<HashPermit, AuthError> {
        let mut permit = self.env.hasher.enter_until(actor.origin.address, until)?;
        let key = self.env.hash(&[b"under way", network_of(actor).as_bytes()]);
        permit.keep(self.pass(key, self.env.hasher.at_once(), until).await?);
        Ok(permit)
    }

    /// Waits until fewer than `at_once` requests with this key are under way.
    pub(crate) async fn pass(
        &self,
        key: Digest,
        at_once: u32,
        until: Instant,
    ) -> Result<OwnedSemaphorePermit, AuthError> {
        self.gates.pass(key, at_once, until).await.ok_or_else(|| self.env.hasher.turned_away())
    }
}

/// A gate for each key that is in use.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<Digest, Weak<Semaphore>>>);

impl Gates {
    /// Waits at the gate. Dropping the permit lets the next request through.
    async fn pass(&self, key: Digest, at_once: u32, until: Instant) -> Option<OwnedSemaphorePermit> {
        timeout_at(until, self.gate(key, at_once).acquire_owned()).await.ok()?.ok()
    }

    fn gate(&self, key: Digest, at_once: u32) -> Arc<Semaphore> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        if gates.len() >= FEW && gates.len() == gates.capacity() {
            // Removing unused gates may save the map from growing.
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
