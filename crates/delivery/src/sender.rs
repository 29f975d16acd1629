//! What the outbox asks of a gateway.

use std::sync::Arc;

use async_trait::async_trait;
use domain::challenge::Purpose;
use domain::{ChallengeId, MessageId, Notice, Phone, Timestamp, VerificationMethod};
use secrecy::SecretString;

/// A code as a gateway sends it.
#[derive(Clone, Debug)]
pub struct CodeMessage {
    /// The same at every attempt, so that a gateway can recognize a repetition.
    pub id: MessageId,
    pub channel: VerificationMethod,
    pub to: String,
    /// The six digits.
    pub code: SecretString,
    pub purpose: Purpose,
    /// The challenge that waits for the code. Invited people learn it only from this message.
    pub challenge_id: ChallengeId,
    /// When the code stops working.
    pub expires_at: Timestamp,
}

/// Why a gateway did not take a message. Its text must hold neither code nor recipient.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Another attempt may help.
    #[error("the gateway failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No attempt will help: the number does not exist, the account is closed.
    #[error("the gateway refused the message")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not answer in time.
    #[error("the gateway did not answer in time")]
    TimedOut,
}

/// A gateway cannot be used on this computer.
#[derive(Debug, thiserror::Error)]
#[error("the gateway cannot be used")]
pub struct GatewayError(#[source] pub(crate) Box<dyn std::error::Error + Send + Sync>);

/// A gateway for codes and notices.
#[async_trait]
pub trait CodeSender: Send + Sync {
    /// Sends one message. It is given up after ten seconds.
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError>;

    /// Sends a message without a code. It is given up after ten seconds.
    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError>;
}

/// One gateway for each channel.
#[derive(Clone)]
pub struct Senders {
    pub email: Arc<dyn CodeSender>,
    pub phone: Arc<dyn CodeSender>,
    pub whatsapp: Arc<dyn CodeSender>,
}

impl Senders {
    /// The same gateway for every channel.
    #[must_use]
    pub fn all(sender: Arc<dyn CodeSender>) -> Self {
        Self { email: Arc::clone(&sender), phone: Arc::clone(&sender), whatsapp: sender }
    }

    pub(crate) fn of(&self, channel: VerificationMethod) -> &dyn CodeSender {
        match channel {
            VerificationMethod::Email => &*self.email,
            VerificationMethod::Phone => &*self.phone,
            VerificationMethod::Whatsapp => &*self.whatsapp,
        }
    }
}

/// As much of a contact as a log may show.
pub(crate) fn masked(recipient: &str) -> String {
    match Phone::parse(recipient) {
        Ok(phone) => phone.masked(),
        Err(_) => format!("{}…", recipient.chars().next().unwrap_or('?')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_show_little_of_a_contact() {
        assert_eq!(masked("+998901234567"), "+…67");
        assert_eq!(masked("ann@example.com"), "a…");
    }

    #[test]
    fn a_printed_message_does_not_show_its_code() {
        use domain::Clock as _;
        let clock = domain::testing::FixedClock::default();
        let message = CodeMessage {
            id: clock.new_id().into(),
            channel: VerificationMethod::Email,
            to: "ann@example.com".to_owned(),
            code: "012345".into(),
            purpose: Purpose::CustomerSignIn,
            challenge_id: clock.new_id().into(),
            expires_at: clock.now(),
        };
        assert!(!format!("{message:?}").contains("012345"));
    }
}
