//! The queue for hashes. It is so short that nobody waits in vain, and each network has a share of it.

mod lanes;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::limit::network;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::crypto::CryptoError;
use crate::error::AuthError;
use lanes::{Lanes, Ticket};

/// How long a request waits for a slot before it is turned away, counted from its arrival. With the other work, it is
/// answered within two seconds.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);
/// The `Retry-After` of requests that are turned away.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How many requests of one network are under way at once on the smallest machine.
const LEAST_AT_ONCE: u32 = 8;
/// How many requests may wait at least, however long each takes.
const LEAST_LENGTH: u64 = 4;

/// How busy the hasher is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasherStats {
    /// The number of passwords that wait now.
    pub waiting: u64,
    /// The number of passwords turned away since the start.
    pub rejected: u64,
    /// The number of passwords hashed or checked since the start.
    pub computed: u64,
}

/// The slots and the requests that wait for one. One hash at a time is computed in a slot.
pub(super) struct Queue {
    slots: u64,
    state: Mutex<State>,
    /// How long a hash takes on average, in microseconds.
    average: AtomicU64,
    rejected: AtomicU64,
    computed: AtomicU64,
}

struct State {
    free_slots: u64,
    /// The requests that wait, by network.
    lanes: Lanes<oneshot::Sender<Slot>>,
}

/// The place of one request in the queue. The request takes it before it does any other work. Dropping it frees the
/// place.
pub struct HashPermit {
    queue: Arc<Queue>,
    until: Instant,
    network: Option<IpAddr>,
    /// The place in the queue; `None` after the request got a slot or waited in vain.
    ticket: Option<Ticket>,
    /// Counts the request among those of its network that are under way, until the request is done.
    admission: Option<OwnedSemaphorePermit>,
}

/// The right to one slot. Dropping it gives the slot to the next request.
struct Slot {
    queue: Arc<Queue>,
}

impl Queue {
    pub(super) fn new(slots: NonZeroUsize, first_guess: Duration) -> Self {
        let slots = slots.get() as u64;
        Self {
            slots,
            state: Mutex::new(State { free_slots: slots, lanes: Lanes::default() }),
            average: AtomicU64::new(microseconds(first_guess)),
            rejected: AtomicU64::new(0),
            computed: AtomicU64::new(0),
        }
    }

    /// A place for a request from this address, which must get a slot before `until`. When the queue is full, the
    /// network with the most requests in it gives its last place to a network with fewer.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>, until: Instant) -> Result<HashPermit, AuthError> {
        let (most, network) = (self.length(), address.map(network));
        let mut state = self.state();
        let ticket = if state.lanes.len() < most {
            state.lanes.enter(network)
        } else {
            // The request that lost its place learns of it when it asks for a slot, or at once if it already did.
            state.lanes.displace(network).ok_or_else(|| self.turned_away())?
        };
        Ok(HashPermit { queue: Arc::clone(self), until, network, ticket: Some(ticket), admission: None })
    }

    pub(super) fn stats(&self) -> HasherStats {
        HasherStats {
            waiting: self.state().lanes.len(),
            rejected: self.rejected.load(Ordering::Relaxed),
            computed: self.computed.load(Ordering::Relaxed),
        }
    }

    /// How many requests may wait.
    fn length(&self) -> u64 {
        let average = self.average.load(Ordering::Relaxed).max(1);
        (self.slots * microseconds(PATIENCE) / average).max(LEAST_LENGTH)
    }

    /// How many requests of one network may be under way at once: enough to keep every slot busy, and so few that their
    /// work in the database does not keep others waiting for long.
    pub(super) fn at_once(&self) -> u32 {
        u32::try_from(2 * self.slots).unwrap_or(u32::MAX).max(LEAST_AT_ONCE)
    }

    pub(super) fn turned_away(&self) -> AuthError {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        AuthError::Overloaded { retry_after: RETRY_AFTER }
    }

    /// Notes how long a hash took. Of two calls at the same time one may be lost, which does not harm the average.
    fn took(&self, time: Duration) {
        const WEIGHT: u64 = 8;
        let average = self.average.load(Ordering::Relaxed);
        self.average.store((average * (WEIGHT - 1) + microseconds(time)) / WEIGHT, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the slot to the next request of the network whose turn it is.
    fn pass_on(self: &Arc<Self>) {
        let mut state = self.state();
        let Some(next) = state.lanes.next() else {
            state.free_slots += 1;
            return;
        };
        // A request that went away gives the slot back, and that takes the lock again.
        drop(state);
        drop(next.send(Slot { queue: Arc::clone(self) }));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.queue.pass_on();
    }
}

impl HashPermit {
    /// Does the work in a slot as soon as one is free.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, AuthError> {
        let slot = self.slot().await?;
        let queue = Arc::clone(&self.queue);
        queue.computed.fetch_add(1, Ordering::Relaxed);
        // The task holds the slot. When the caller hangs up, the slot stays taken until the work is done.
        let task = tokio::spawn(async move {
            let _slot = slot;
            let began = Instant::now();
            let done = work.await;
            queue.took(began.elapsed());
            done
        });
        task.await.map_err(|_| CryptoError.into())
    }

    /// Holds an admission for as long as this permit.
    pub(crate) fn keep(&mut self, admission: OwnedSemaphorePermit) {
        self.admission = Some(admission);
    }

    /// The moment until which the request must get a slot.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// Waits for a slot. A free slot is given even to a request that is late.
    async fn slot(&mut self) -> Result<Slot, AuthError> {
        let (sender, turn) = oneshot::channel();
        if self.takes_free_slot(sender) {
            self.leave();
            return Ok(Slot { queue: Arc::clone(&self.queue) });
        }
        let slot = timeout_at(self.until, turn).await;
        self.leave();
        match slot {
            Ok(Ok(slot)) => Ok(slot),
            // It is too late, or the place went to another network.
            _ => Err(self.queue.turned_away()),
        }
    }

    /// Takes a slot if one is free, and queues otherwise. A request that had a slot before takes a new place.
    fn takes_free_slot(&mut self, sender: oneshot::Sender<Slot>) -> bool {
        let mut state = self.queue.state();
        if state.free_slots > 0 {
            state.free_slots -= 1;
            return true;
        }
        let ticket = *self.ticket.get_or_insert_with(|| state.lanes.enter(self.network));
        // If the place was lost, this drops the sender, and the waiting ends at once.
        state.lanes.wait(self.network, ticket, sender);
        false
    }

    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.queue.state().lanes.leave(self.network, ticket);
        }
    }
}

impl Drop for HashPermit {
    fn drop(&mut self) {
        self.leave();
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
