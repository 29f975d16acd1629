//! A gateway for trials.

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::Notice;
use secrecy::ExposeSecret;

use crate::sender::{CodeMessage, CodeSender, SendError, masked};

/// Writes whole codes to the log. Only for trials: anyone who reads the log can sign in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogSender;

/// The target in the log of whole codes, and of warnings about gateways.
pub const CODES: &str = "clientele::codes";

#[async_trait]
impl CodeSender for LogSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError> {
        tracing::info!(target: CODES, "{}", line(message));
        Ok(())
    }

    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError> {
        tracing::info!(target: CODES, "{}", notice_line(notice));
        Ok(())
    }
}

/// The code is the only word of six digits on its line: identifiers have groups of 4, 8 and 12, and the time has whole
/// seconds.
fn line(message: &CodeMessage) -> String {
    format!(
        "one-time code for {}: {} ({} over {}, challenge {}, valid until {})",
        message.to,
        message.code.expose_secret(),
        message.purpose,
        message.channel,
        message.challenge_id,
        message.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

fn notice_line(notice: &Notice) -> String {
    let at = notice.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    // People need only the code here, so the contact is shortened.
    format!("notice for {}: {} ({} at {at})", masked(&notice.recipient), notice.purpose, notice.channel)
}

#[cfg(test)]
mod tests {
    use domain::challenge::Purpose;
    use domain::testing::FixedClock;
    use domain::{Clock, VerificationMethod};

    use super::*;

    #[test]
    fn the_code_is_the_only_word_of_six_digits() {
        let clock = FixedClock::default();
        let message = CodeMessage {
            id: clock.new_id().into(),
            channel: VerificationMethod::Phone,
            to: "+998901234567".to_owned(),
            code: "012345".into(),
            purpose: Purpose::CustomerSignIn,
            challenge_id: clock.new_id().into(),
            expires_at: clock.now() + chrono::TimeDelta::microseconds(123_456),
        };
        let line = line(&message);
        assert!(line.starts_with("one-time code for +998901234567: 012345 (customer_sign_in over phone, challenge "));
        assert!(line.ends_with(", valid until 2026-01-01T12:00:00Z)"), "{line}");
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let codes: Vec<&str> = words.filter(|w| w.len() == 6 && w.bytes().all(|b| b.is_ascii_digit())).collect();
        assert_eq!(codes, ["012345"]);
    }
}
