//! Sends a notice in the way of a code. It is given up after a day.

use domain::Notice;

use super::courier::Courier;
use super::outcome::{Outcome, warn_given_up};

impl Courier {
    pub(super) async fn deliver_notice(&self, notice: &Notice) {
        let outcome = self.send_notice(notice).await;
        outcome.count(notice.channel);
        let settled = match outcome {
            Outcome::Done | Outcome::Withheld => self.store.remove_notice(notice.id).await,
            Outcome::Later(until) => self.store.postpone_notice(notice.id, until).await,
            Outcome::GivenUp(reason) => {
                warn_given_up!(notice, reason.as_str(), "a notice was given up");
                self.store.remove_notice(notice.id).await
            }
        };
        if let Err(error) = settled {
            tracing::warn!(message_id = %notice.id, error = %domain::ErrorChain(&error), "the outcome of a notice could not be stored");
        }
    }

    async fn send_notice(&self, notice: &Notice) -> Outcome {
        if !self.budgets.allow_recipient(notice.channel, &notice.recipient) {
            return Outcome::Withheld;
        }
        if self.clock.now() >= notice.expires_at {
            return Outcome::GivenUp("it is too old".to_owned());
        }
        let sending = self.senders.of(notice.channel).send_notice(notice);
        Outcome::of(sending, notice.attempts, notice.expires_at, &*self.clock).await
    }
}
