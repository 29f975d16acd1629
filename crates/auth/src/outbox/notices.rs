//! Notices on their way: sent like codes, after them, and given up after a day.

use std::sync::Arc;

use domain::Notice;
use domain::store::StoreError;
use tokio::task::JoinSet;

use super::{Attempt, Inner, LEASE, Outbox, count, masked};

impl Outbox {
    /// Begins to send at most `room` notices that are due. Answers how many.
    pub(super) async fn begin_notices(&self, room: u64, under_way: &mut JoinSet<()>) -> Result<usize, StoreError> {
        let now = self.inner.clock.now();
        let due = self.inner.store.claim_notices(now, now + LEASE, room).await?;
        let count = due.len();
        for notice in due {
            let inner = Arc::clone(&self.inner);
            under_way.spawn(async move { inner.deliver_notice(&notice).await });
        }
        Ok(count)
    }
}

impl Inner {
    async fn deliver_notice(&self, notice: &Notice) {
        let attempt = self.attempt_notice(notice).await;
        count(notice.channel, &attempt);
        let settled = match attempt {
            Attempt::Done | Attempt::Withheld => self.store.remove_notice(notice.id).await,
            Attempt::Later(until) => self.store.postpone_notice(notice.id, until).await,
            Attempt::Hopeless(reason) => {
                warn_of(notice, &reason);
                self.store.remove_notice(notice.id).await
            }
        };
        if let Err(error) = settled {
            tracing::warn!(message_id = %notice.id, error = &error as &dyn std::error::Error, "a notice was not settled");
        }
    }

    async fn attempt_notice(&self, notice: &Notice) -> Attempt {
        if !self.budgets.allow_recipient(notice.channel, &notice.recipient) {
            return Attempt::Withheld;
        }
        if self.clock.now() >= notice.expires_at {
            return Attempt::Hopeless("it is too old".to_owned());
        }
        let sending = self.senders.of(notice.channel).send_notice(notice);
        self.hand_over(sending, notice.attempts, notice.expires_at).await
    }
}

fn warn_of(notice: &Notice, reason: &str) {
    tracing::warn!(
        message_id = %notice.id,
        channel = %notice.channel,
        purpose = %notice.purpose,
        recipient = masked(&notice.recipient),
        attempts = notice.attempts,
        reason,
        "a notice was given up",
    );
}
