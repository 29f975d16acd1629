//! The outcome of an attempt to send a message.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{Clock, Timestamp, VerificationMethod};
use tokio::time::timeout;

use crate::sender::SendError;

/// Logs that a message or a notice is given up, with little of its recipient.
macro_rules! warn_given_up {
    ($message:expr, $reason:expr, $text:literal) => {
        tracing::warn!(
            message_id = %$message.id,
            channel = %$message.channel,
            purpose = %$message.purpose,
            recipient = $crate::sender::masked(&$message.recipient),
            attempts = $message.attempts,
            reason = $reason,
            $text,
        )
    };
}
pub(super) use warn_given_up;

/// How long handing over may take.
pub(super) const SEND_LIMIT: Duration = Duration::from_secs(10);
/// The longest wait before the next attempt, in seconds. A message is given up only when its code expires. So an
/// invitation is sent even if a gateway does not answer for a night.
const LONGEST_BACK_OFF: i64 = 600;

/// The outcome of an attempt.
pub(super) enum Outcome {
    /// The gateway accepted it, or it was a decoy. Only the gateway knows whether it reaches anybody.
    Done,
    /// It must not be sent.
    Withheld,
    /// It is tried again at this time.
    Later(Timestamp),
    /// No other attempt would help, and why.
    GivenUp(String),
}

impl Outcome {
    /// Waits for the gateway. `attempts` were begun so far.
    pub(super) async fn of(
        sending: impl Future<Output = Result<(), SendError>>,
        attempts: i32,
        expires_at: Timestamp,
        clock: &dyn Clock,
    ) -> Self {
        match timeout(SEND_LIMIT, sending).await.unwrap_or(Err(SendError::TimedOut)) {
            Ok(()) => Self::Done,
            Err(error @ SendError::Refused(_)) => Self::GivenUp(domain::ErrorChain(&error).to_string()),
            Err(error) => match clock.now() + back_off(attempts) {
                until if until < expires_at => Self::Later(until),
                _ => Self::GivenUp(domain::ErrorChain(&error).to_string()),
            },
        }
    }

    /// Counts it. Codes that are withheld are counted where that is decided.
    pub(super) fn count(&self, channel: VerificationMethod) {
        let outcome = match self {
            Self::Withheld => return,
            Self::Done => "accepted",
            Self::Later(_) => "failed",
            Self::GivenUp(_) => "given_up",
        };
        let labels = [("channel", channel.as_str()), ("outcome", outcome)];
        metrics::counter!("clientele_outbox_attempts_total", &labels).increment(1);
    }
}

/// 2, 4, 8 … seconds after the first, second, third … attempt, and ten minutes from the tenth on.
pub(super) fn back_off(attempts: i32) -> TimeDelta {
    TimeDelta::seconds((1 << attempts.clamp(0, 10)).min(LONGEST_BACK_OFF))
}
