//! The texts of messages. They never name a host, since a host from a request could be an attacker's.

use chrono::TimeDelta;
use domain::challenge::Purpose;
use secrecy::ExposeSecret;

use crate::sender::CodeMessage;

/// The subject of a mail. It does not have the code, since a locked screen shows subjects.
pub(crate) fn subject(purpose: Purpose) -> String {
    format!("Your code {}", what_for(purpose))
}

/// The text of a mail.
pub(crate) fn mail(message: &CodeMessage) -> String {
    let (code, until, what_for) = (message.code.expose_secret(), until(message), what_for(message.purpose));
    let lifetime = in_words(message.purpose.lifetime());
    let challenge = challenge(message).map(|sentence| format!("{sentence}\r\n")).unwrap_or_default();
    format!(
        "Your code {what_for}:\r\n\r\n    {code}\r\n\r\n\
         It works once, for {lifetime}, until {until}.\r\n{challenge}\r\n\
         Give it to nobody. If you did not ask for it, you need do nothing.\r\n"
    )
}

/// The text of a short message.
pub(crate) fn short(message: &CodeMessage) -> String {
    let (code, until, what_for) = (message.code.expose_secret(), until(message), what_for(message.purpose));
    let challenge = challenge(message).map(|sentence| format!(" {sentence}")).unwrap_or_default();
    format!("{code} is your code {what_for}. It works once, until {until}.{challenge}")
}

fn challenge(message: &CodeMessage) -> Option<String> {
    names_challenge(message.purpose).then(|| format!("It answers to challenge {}.", message.challenge_id))
}

/// Whether the message names its challenge: the person may enter the code on another device, or may not have asked for
/// it.
pub(crate) fn names_challenge(purpose: Purpose) -> bool {
    match purpose {
        Purpose::PasswordReset | Purpose::Invitation => true,
        Purpose::CustomerSignUp | Purpose::CustomerSignIn | Purpose::StaffSignUp | Purpose::SecondFactor => false,
    }
}

fn what_for(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::CustomerSignUp | Purpose::StaffSignUp => "to sign up",
        Purpose::CustomerSignIn | Purpose::SecondFactor => "to sign in",
        Purpose::PasswordReset => "to set a new password",
        Purpose::Invitation => "to set your first password",
    }
}

fn until(message: &CodeMessage) -> String {
    message.expires_at.format("%H:%M UTC on %-d %B %Y").to_string()
}

fn in_words(time: TimeDelta) -> String {
    match (time.num_hours(), time.num_minutes()) {
        (0, minutes) => format!("{minutes} minutes"),
        (hours, _) => format!("{hours} hours"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::testing::FixedClock;
    use domain::{Clock, VerificationMethod};

    use super::*;

    pub(crate) fn message(channel: VerificationMethod, purpose: Purpose) -> CodeMessage {
        let clock = FixedClock::default();
        let to = if channel == VerificationMethod::Email { "ann@example.com" } else { "+998901234567" };
        CodeMessage {
            id: clock.new_id().into(),
            channel,
            to: to.to_owned(),
            code: "012345".into(),
            purpose,
            challenge_id: clock.new_id().into(),
            expires_at: clock.now() + purpose.lifetime(),
        }
    }

    #[test]
    fn a_message_tells_the_code_what_it_is_for_and_how_long_it_is_good() {
        let sign_in = message(VerificationMethod::Email, Purpose::CustomerSignIn);
        assert_eq!(subject(sign_in.purpose), "Your code to sign in");
        assert_eq!(
            mail(&sign_in),
            "Your code to sign in:\r\n\r\n    012345\r\n\r\n\
             It works once, for 5 minutes, until 12:05 UTC on 1 January 2026.\r\n\r\n\
             Give it to nobody. If you did not ask for it, you need do nothing.\r\n"
        );
        assert_eq!(
            short(&sign_in),
            "012345 is your code to sign in. It works once, until 12:05 UTC on 1 January 2026."
        );
    }

    #[test]
    fn who_did_not_ask_for_the_challenge_learns_it_from_the_message() {
        let invitation = message(VerificationMethod::Phone, Purpose::Invitation);
        let challenge = format!("It answers to challenge {}.", invitation.challenge_id);
        for text in [mail(&invitation), short(&invitation)] {
            assert!(text.contains(&challenge), "{text}");
            assert!(text.contains("to set your first password"), "{text}");
            assert!(text.contains("until 12:00 UTC on 4 January 2026"), "{text}");
        }
        assert!(mail(&invitation).contains("for 72 hours"));
    }

    #[test]
    fn the_code_is_the_only_word_of_six_digits() {
        for purpose in Purpose::ALL {
            let message = message(VerificationMethod::Email, *purpose);
            for text in [mail(&message), short(&message)] {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric());
                let codes: Vec<_> = words.filter(|w| w.len() == 6 && w.bytes().all(|b| b.is_ascii_digit())).collect();
                assert_eq!(codes, ["012345"], "{text}");
            }
        }
    }
}
