//! Which message to a contact is sent next: one in 60 seconds, the networks that asked for them in turn.

use domain::Timestamp;
use domain::challenge::{Message, Purpose};
use domain::limit::Settled;
use domain::session::Digest;
use domain::store::{StoreError, WriteError};
use domain::turn::{Waiting, in_turn};

use super::budgets::{SLOT_NAME, slot};
use super::{Inner, LEASE};
use crate::challenge::contact_key;

/// Messages that wait for one contact. A code lives for five minutes, and one is sent in each: more are of no use.
const MAX_WAITING: usize = 16;
/// Messages of one contact that are looked at together.
const LOOK: u64 = 64;

impl Inner {
    /// The message to this contact whose turn it is, if one may be sent now; it is hidden from others. Those that no
    /// budget allows are withheld.
    pub(super) async fn next_to(&self, contact: &Digest) -> Result<Option<Message>, StoreError> {
        let now = self.clock.now();
        let mut waiting = in_turn(self.store.waiting_for(contact, now, LOOK).await?);
        for crowded in waiting.split_off(waiting.len().min(MAX_WAITING)) {
            self.withhold(&crowded.message, "contact_queue").await?;
        }
        for one in waiting {
            if let Some(turn) = self.claim_turn(contact, one, now).await? {
                return Ok(turn);
            }
        }
        Ok(None)
    }

    /// Whether it was decided what is sent next: this message, or nothing before the next slot.
    async fn claim_turn(
        &self,
        contact: &Digest,
        one: Waiting,
        now: Timestamp,
    ) -> Result<Option<Option<Message>>, StoreError> {
        let mut message = one.message;
        if !self.budgets.allow_recipient(message.channel, &message.recipient) {
            self.withhold(&message, "phone_prefixes").await?;
            return Ok(None);
        }
        let attempts = self.budgets.attempts(&message, &one.turn, &self.keys.secrets());
        match self.store.claim_turn(&message, &attempts, now, now + LEASE).await {
            Ok(true) => {
                message.attempts += 1;
                Ok(Some(Some(message)))
            }
            // Another instance was faster.
            Ok(false) => Ok(None),
            Err(WriteError::TooMany(too_many)) if too_many.name == SLOT_NAME => {
                self.store.postpone_turns(contact, now, now + too_many.retry_after).await?;
                self.wake_at(now + too_many.retry_after);
                Ok(Some(None))
            }
            Err(WriteError::TooMany(too_many)) => self.withhold(&message, too_many.name).await.map(|()| None),
            Err(WriteError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Failed(error.into())),
        }
    }

    async fn withhold(&self, message: &Message, reason: &'static str) -> Result<(), StoreError> {
        if self.store.withhold_message(message).await? {
            self.withheld.tell(message, reason, &*self.clock);
        }
        Ok(())
    }

    /// An invitation waits for nobody, but the next message to its contact waits for it.
    /// Answers whose slot it took.
    pub(super) async fn take_slot(&self, message: &Message) -> Result<Option<Digest>, StoreError> {
        if !self.budgets.limits || message.purpose != Purpose::Invitation {
            return Ok(None);
        }
        let secrets = self.keys.secrets();
        let contact = contact_key(&secrets, &message.recipient);
        match self.store.take_attempts(&[slot(&secrets, &contact)], self.clock.now()).await {
            Ok(()) => Ok(Some(contact)),
            Err(WriteError::TooMany(_)) => Ok(None),
            Err(WriteError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Failed(error.into())),
        }
    }

    /// What no gateway took was no message: the next one need not wait for it.
    pub(super) async fn give_slot_back(&self, contact: Option<Digest>) -> Result<(), StoreError> {
        let Some(contact) = contact.filter(|_| self.budgets.limits) else { return Ok(()) };
        let slot = slot(&self.keys.secrets(), &contact);
        self.store.settle_attempts(&[slot], Settled::Untried, self.clock.now()).await
    }
}
