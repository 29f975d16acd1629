//! Chooses the next message to a contact: one in 60 seconds, and the networks that asked take turns.

use domain::Timestamp;
use domain::challenge::Message;
use domain::code_queue::{Waiting, in_turn};
use domain::delivery::CONTACT_SLOT;
use domain::session::Digest;
use domain::store::{StoreError, WriteError};

use super::courier::{Courier, LEASE};

/// Messages that wait for one contact. A code lives for five minutes and one is sent in each minute, so more are of no
/// use.
const MAX_WAITING: usize = 16;
/// Messages of one contact that are looked at together.
const LOOK: u64 = 64;

/// What was decided on one of the messages that wait.
enum Decision {
    /// It is sent.
    Send(Message),
    /// It is not sent. Another one may be.
    Skip,
    /// Nothing is sent to this contact before the next slot.
    Wait,
}

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
            match self.claim(contact, one, now).await? {
                Decision::Send(message) => return Ok(Some(message)),
                Decision::Skip => {}
                Decision::Wait => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn claim(&self, contact: &Digest, one: Waiting, now: Timestamp) -> Result<Decision, StoreError> {
        let mut message = one.message;
        if !self.budgets.allow_recipient(message.channel, &message.recipient) {
            self.withhold(&message, "phone_prefixes").await?;
            return Ok(Decision::Skip);
        }
        let attempts = self.budgets.attempts(&message, &one.turn, &*self.keys);
        match self.store.claim_turn(&message, &attempts, now, now + LEASE).await {
            Ok(true) => {
                message.attempts += 1;
                Ok(Decision::Send(message))
            }
            // Another instance was faster.
            Ok(false) => Ok(Decision::Skip),
            Err(WriteError::TooMany(too_many)) if too_many.name == CONTACT_SLOT => {
                self.store.postpone_turns(contact, now, now + too_many.retry_after).await?;
                self.wake_at(now + too_many.retry_after);
                Ok(Decision::Wait)
            }
            Err(WriteError::TooMany(too_many)) => {
                self.withhold(&message, too_many.name).await?;
                Ok(Decision::Skip)
            }
            Err(WriteError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Failed(error.into())),
        }
    }

    async fn withhold(&self, message: &Message, reason: &'static str) -> Result<(), StoreError> {
        if self.store.withhold_message(message).await? {
            self.withheld.report(message, reason, &*self.clock);
        }
        Ok(())
    }
}
