//! Sends the messages and notices that wait in the database.

mod codes;
mod contact_queue;
mod courier;
mod notices;
mod outcome;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Clock;
use domain::challenge::Message;
use domain::delivery::MessageKeys;
use domain::store::StoreError;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use courier::OutboxStore;

use crate::budgets::Budgets;
use crate::sender::Senders;
use crate::withheld::Withheld;
use courier::{Courier, LEASE};

/// How often the database is asked for messages that other instances left behind.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Messages under way at once. There are enough that a gateway that hangs leaves room for the others.
const MAX_UNDER_WAY: usize = 64;

/// Takes messages out of the database and hands them to gateways. Any number of instances may do so: a lease keeps each
/// from the messages of the others.
#[derive(Clone)]
pub struct Outbox {
    courier: Arc<Courier>,
    signal: Arc<Notify>,
}

impl Outbox {
    /// An outbox that looks for messages at once when `signal` is notified.
    #[must_use]
    pub fn new(
        store: Arc<dyn OutboxStore>,
        clock: Arc<dyn Clock>,
        keys: Arc<dyn MessageKeys>,
        senders: Senders,
        signal: Arc<Notify>,
        budgets: Budgets,
    ) -> Self {
        let (withheld, wake_at) = (Withheld::default(), Mutex::default());
        Self { courier: Arc::new(Courier { store, clock, keys, senders, budgets, withheld, wake_at }), signal }
    }

    /// Sends everything that is due and waits for it. Returns how many messages were due.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let mut under_way = JoinSet::new();
        let due = self.begin_due(&mut under_way).await?;
        while under_way.join_next().await.is_some() {}
        Ok(due)
    }

    /// Sends messages until `shutdown`, then finishes those under way.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut under_way = JoinSet::new();
        let mut is_failing = false;
        tokio::pin!(shutdown);
        loop {
            self.begin_due_and_log(&mut under_way, &mut is_failing).await;
            tokio::select! {
                () = &mut shutdown => break,
                () = self.signal.notified() => {}
                () = sleep(self.courier.pause(POLL_INTERVAL)) => {}
                _ = under_way.join_next(), if under_way.len() >= MAX_UNDER_WAY => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Begins to send what is due, as far as there is room.
    async fn begin_due(&self, under_way: &mut JoinSet<()>) -> Result<usize, StoreError> {
        while under_way.try_join_next().is_some() {}
        let room = MAX_UNDER_WAY.saturating_sub(under_way.len());
        if room == 0 {
            return Ok(0);
        }
        let now = self.courier.clock.now();
        let due = self.courier.store.claim_messages(now, now + LEASE, room as u64).await?;
        let mut count = due.len();
        for message in due {
            self.begin(under_way, message);
        }
        let left = room.saturating_sub(count);
        for contact in self.courier.store.contacts_due(now, left as u64).await? {
            if let Some(message) = self.courier.next_to(&contact).await? {
                count += 1;
                self.begin(under_way, message);
            }
        }
        Ok(count + self.begin_notices(room.saturating_sub(count), under_way).await?)
    }

    fn begin(&self, under_way: &mut JoinSet<()>, message: Message) {
        let courier = Arc::clone(&self.courier);
        under_way.spawn(async move { courier.deliver_code(&message).await });
    }

    /// Notices come last, since people wait for their codes.
    async fn begin_notices(&self, room: usize, under_way: &mut JoinSet<()>) -> Result<usize, StoreError> {
        if room == 0 {
            return Ok(0);
        }
        let now = self.courier.clock.now();
        let due = self.courier.store.claim_notices(now, now + LEASE, room as u64).await?;
        let count = due.len();
        for notice in due {
            let courier = Arc::clone(&self.courier);
            under_way.spawn(async move { courier.deliver_notice(&notice).await });
        }
        Ok(count)
    }

    /// Logs a database that does not answer once, not at every poll.
    async fn begin_due_and_log(&self, under_way: &mut JoinSet<()>, is_failing: &mut bool) {
        match self.begin_due(under_way).await {
            Ok(_) => *is_failing = false,
            Err(error) => {
                if !std::mem::replace(is_failing, true) {
                    tracing::warn!(error = %domain::ErrorChain(&error), "messages cannot be read; trying again");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
