//! Chooses the next message to a contact: one in 60 seconds, and the networks that asked take turns.

use std::ops::ControlFlow::{self, Break, Continue};

use domain::Timestamp;
use domain::challenge::Message;
use domain::code_queue::{Waiting, in_turn};
use domain::delivery::CONTACT_SLOT;
use domain::session::Digest;
use domain::store::{StoreError, WriteError};

use super::courier::{Courier, LEASE};

/// Messages that wait for one contact. A code works for five minutes and one is sent in each minute, so more would
/// expire.
const MAX_WAITING: usize = 16;
/// Messages of one contact that are read together.
const LOOK: u64 = 64;

impl Courier {
    /// The next message to this contact, if one may be sent now; it is hidden from other instances. Messages that no
    /// budget allows are withheld.
    pub(super) async fn next_to(&self, contact: &Digest) -> Result<Option<Message>, StoreError> {
        let now = self.clock.now();
        let mut waiting = in_turn(self.store.waiting_for(contact, now, LOOK).await?);
        for crowded in waiting.split_off(waiting.len().min(MAX_WAITING)) {
            self.withhold(&crowded.message, "contact_queue").await?;
        }
        for one in waiting {
            if let Break(next) = self.claim(contact, one, now).await? {
                return Ok(next);
            }
        }
        Ok(None)
    }

    /// Claims this message, if it may be sent now. Breaks if it is clear what is sent next: this message, or nothing before
    /// the next slot.
    async fn claim(
        &self,
        contact: &Digest,
        one: Waiting,
        now: Timestamp,
    ) -> Result<ControlFlow<Option<Message>>, StoreError> {
        let mut message = one.message;
        if !self.budgets.allow_recipient(message.channel, &message.recipient) {
            self.withhold(&message, "phone_prefixes").await?;
            return Ok(Continue(()));
        }
        let attempts = self.budgets.attempts(&message, &one.turn, &*self.keys);
        match self.store.claim_turn(&message, &attempts, now, now + LEASE).await {
            Ok(true) => {
                message.attempts += 1;
                Ok(Break(Some(message)))
            }
            // Another instance was faster.
            Ok(false) => Ok(Continue(())),
            Err(WriteError::TooMany(too_many)) if too_many.name == CONTACT_SLOT => {
                self.store.postpone_turns(contact, now, now + too_many.retry_after).await?;
                self.wake_at(now + too_many.retry_after);
                Ok(Break(None))
            }
            Err(WriteError::TooMany(too_many)) => {
                self.withhold(&message, too_many.name).await?;
                Ok(Continue(()))
            }
            Err(error) => Err(error.into_store_error()),
        }
    }

    async fn withhold(&self, message: &Message, reason: &'static str) -> Result<(), StoreError> {
        if self.store.withhold_message(message).await? {
            self.withheld.report(message, reason, &*self.clock);
        }
        Ok(())
    }
}
