//! The queue for hashes: so short that nobody waits there in vain, and with a share of it for each network.

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

/// How long a request waits for a slot, from its arrival on, before it is
/// turned away: within two seconds, with what there is to do beside it.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);
/// What those who are turned away are told.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// So many requests of one network are under way together on the smallest machine.
const LEAST_AT_ONCE: u32 = 8;
/// So many may wait however long each takes.
const LEAST_LENGTH: u64 = 4;

/// How busy the hasher is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasherStats {
    /// Passwords that wait now.
    pub waiting: u64,
    /// Passwords turned away since the start.
    pub rejected: u64,
    /// Passwords hashed or checked since the start.
    pub computed: u64,
}

/// Slots, in each of which one hash at a time is computed, and those who wait for one.
pub(super) struct Queue {
    slots: u64,
    state: Mutex<State>,
    /// How long one takes on average, in microseconds.
    average: AtomicU64,
    rejected: AtomicU64,
    computed: AtomicU64,
}

struct State {
    free_slots: u64,
    /// Those who wait, by network.
    lanes: Lanes<oneshot::Sender<Slot>>,
}

/// The place of one request in the queue, taken before any other work is done for it. Dropped, it is free.
pub struct HashPermit {
    queue: Arc<Queue>,
    until: Instant,
    network: Option<IpAddr>,
    /// Where it stands in the queue; `None` once it has had a slot, or waited in vain.
    ticket: Option<Ticket>,
    /// The right of its network to have one more request under way, until the request is done.
    admission: Option<OwnedSemaphorePermit>,
}

/// The right to one slot. Dropped, it goes to whoever is next.
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

    /// A place for a request from this address, to be served before `until`. When so many wait that the last of them
    /// would wait too long, the network that waits most often gives up its last place to one that waits less.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>, until: Instant) -> Result<HashPermit, AuthError> {
        let (most, network) = (self.length(), address.map(network));
        let mut state = self.state();
        let ticket = if state.lanes.len() < most {
            state.lanes.enter(network)
        } else {
            // The one who gave way is told when they ask for a slot, or at once if they have.
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

    /// How many may wait.
    fn length(&self) -> u64 {
        let average = self.average.load(Ordering::Relaxed).max(1);
        (self.slots * microseconds(PATIENCE) / average).max(LEAST_LENGTH)
    }

    /// How many requests of one network are under way together: enough to keep every slot busy, and so few that what
    /// they do in the database keeps nobody else waiting for long.
    pub(super) fn at_once(&self) -> u32 {
        u32::try_from(2 * self.slots).unwrap_or(u32::MAX).max(LEAST_AT_ONCE)
    }

    pub(super) fn turned_away(&self) -> AuthError {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        AuthError::Overloaded { retry_after: RETRY_AFTER }
    }

    /// Two calls at the same time may lose one. That does the average no harm.
    fn took(&self, time: Duration) {
        const WEIGHT: u64 = 8;
        let average = self.average.load(Ordering::Relaxed);
        self.average.store((average * (WEIGHT - 1) + microseconds(time)) / WEIGHT, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one, of the network whose turn it is, gets the slot.
    fn pass_on(self: &Arc<Self>) {
        let mut state = self.state();
        let Some(next) = state.lanes.next() else {
            state.free_slots += 1;
            return;
        };
        // Whoever does not wait any more gives it back, which asks for the lock again.
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
    /// Does the work in a slot, as soon as one is free.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, AuthError> {
        let slot = self.slot().await?;
        let queue = Arc::clone(&self.queue);
        queue.computed.fetch_add(1, Ordering::Relaxed);
        // The slot goes with the work: a caller who hangs up frees none in which work is still done.
        let task = tokio::spawn(async move {
            let _slot = slot;
            let began = Instant::now();
            let done = work.await;
            queue.took(began.elapsed());
            done
        });
        task.await.map_err(|_| CryptoError.into())
    }

    /// Keeps an admission for as long as this permit.
    pub(crate) fn keep(&mut self, admission: OwnedSemaphorePermit) {
        self.admission = Some(admission);
    }

    /// Until when it must be used.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// A slot that is free is had even by one who comes late.
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
            // Too late, or out of the queue for another network.
            _ => Err(self.queue.turned_away()),
        }
    }

    /// Takes a slot if one is free, and waits for a turn otherwise. One who had a slot before stands in line anew.
    fn takes_free_slot(&mut self, sender: oneshot::Sender<Slot>) -> bool {
        let mut state = self.queue.state();
        if state.free_slots > 0 {
            state.free_slots -= 1;
            return true;
        }
        let ticket = *self.ticket.get_or_insert_with(|| state.lanes.enter(self.network));
        // Without its place in the queue, the sender goes, and the turn never comes.
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
