//! Sends a code.

use domain::challenge::{Message, Purpose};
use domain::limit::Settled;
use domain::session::Digest;
use domain::store::{StoreError, WriteError};
use secrecy::SecretString;

use super::courier::Courier;
use super::outcome::{Outcome, warn_given_up};
use crate::sender::CodeMessage;

impl Courier {
    pub(super) async fn deliver_code(&self, message: &Message) {
        // This comes before the sending, since a person who has the code may ask for the next one at once.
        let slot = self.take_slot(message).await.unwrap_or_else(|error| {
            tracing::warn!(error = %domain::ErrorChain(&error), "the next code to an invited contact may come within a minute");
            None
        });
        let outcome = self.send_code(message).await;
        if !message.recipient.is_empty() {
            outcome.count(message.channel);
        }
        if let Outcome::GivenUp(reason) = &outcome {
            warn_given_up!(message, reason.as_str(), "a code was given up");
        }
        if let Err(error) = self.settle(message, outcome, slot).await {
            tracing::warn!(message_id = %message.id, error = %domain::ErrorChain(&error), "the outcome of a message could not be stored");
        }
    }

    async fn send_code(&self, message: &Message) -> Outcome {
        if message.recipient.is_empty() {
            return Outcome::Done;
        }
        if !self.budgets.allow_recipient(message.channel, &message.recipient) {
            self.withheld.report(message, "phone_prefixes", &*self.clock);
            return Outcome::Withheld;
        }
        if self.clock.now() >= message.expires_at {
            return Outcome::GivenUp("its code has expired".to_owned());
        }
        let Some(code) = self.keys.unseal(message) else {
            return Outcome::GivenUp("its code cannot be opened with the keys of this installation".to_owned());
        };
        let message_with_code = code_message(message, code.into());
        let sending = self.senders.of(message.channel).send(&message_with_code);
        Outcome::of(sending, message.attempts, message.expires_at, &*self.clock).await
    }

    async fn settle(&self, message: &Message, outcome: Outcome, slot: Option<Digest>) -> Result<(), StoreError> {
        // A message that no gateway took does not use up the slot of its contact.
        match outcome {
            Outcome::Done => {}
            Outcome::Withheld => self.give_slot_back(slot).await?,
            Outcome::Later(_) | Outcome::GivenUp(_) => {
                self.give_slot_back(slot.or(message.turn.map(|turn| turn.contact))).await?;
            }
        }
        match outcome {
            Outcome::Later(until) => self.store.postpone_message(message.id, until).await,
            _ => self.store.remove_message(message.id).await,
        }
    }

    /// An invitation does not wait for the slot of its contact, but the next message to the contact waits for the
    /// invitation. Answers whose slot it took.
    async fn take_slot(&self, message: &Message) -> Result<Option<Digest>, StoreError> {
        if !self.budgets.limits || message.purpose != Purpose::Invitation {
            return Ok(None);
        }
        let contact = self.keys.contact(&message.recipient);
        match self.store.take_attempts(&[self.keys.contact_slot(&contact)], self.clock.now()).await {
            Ok(()) => Ok(Some(contact)),
            Err(WriteError::TooMany(_)) => Ok(None),
            Err(error) => Err(error.into_store_error()),
        }
    }

    async fn give_slot_back(&self, contact: Option<Digest>) -> Result<(), StoreError> {
        let Some(contact) = contact.filter(|_| self.budgets.limits) else { return Ok(()) };
        let slot = self.keys.contact_slot(&contact);
        self.store.settle_attempts(&[slot], Settled::Untried, self.clock.now()).await
    }
}

fn code_message(message: &Message, code: SecretString) -> CodeMessage {
    CodeMessage {
        id: message.id,
        channel: message.channel,
        to: message.recipient.clone(),
        code,
        purpose: message.purpose,
        challenge_id: message.challenge_id,
        expires_at: message.expires_at,
    }
}
