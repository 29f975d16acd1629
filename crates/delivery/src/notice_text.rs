//! The texts of notices. They have no host, no code and no link.

use domain::{Notice, NoticePurpose};

/// The subject of a mail.
pub(crate) fn subject(purpose: NoticePurpose) -> String {
    format!("Your {} changed", what(purpose))
}

/// The text of a mail.
pub(crate) fn mail(notice: &Notice) -> String {
    let (what, at) = (what(notice.purpose), at(notice));
    format!(
        "The {what} of your account changed at {at}.\r\n\r\n\
         If you know of it, you need do nothing. If not, tell the operator of the service at once.\r\n"
    )
}

/// The text of a short message.
pub(crate) fn short(notice: &Notice) -> String {
    let (what, at) = (what(notice.purpose), at(notice));
    format!(
        "The {what} of your account changed at {at}. If you do not know of it, tell the operator of the service at once."
    )
}

fn what(purpose: NoticePurpose) -> &'static str {
    match purpose {
        NoticePurpose::ContactChanged => "contact details",
        NoticePurpose::PasswordChanged => "password",
    }
}

fn at(notice: &Notice) -> String {
    notice.created_at.format("%H:%M UTC on %-d %B %Y").to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::testing::FixedClock;
    use domain::{Clock, VerificationMethod};

    use super::*;

    pub(crate) fn notice(channel: VerificationMethod, purpose: NoticePurpose) -> Notice {
        let clock = FixedClock::default();
        let to = if channel == VerificationMethod::Email { "ann@example.com" } else { "+998901234567" };
        Notice {
            id: clock.new_id().into(),
            user_id: clock.new_id().into(),
            channel,
            recipient: to.to_owned(),
            purpose,
            created_at: clock.now(),
            expires_at: clock.now() + domain::notice::LIFETIME,
            attempts: 1,
        }
    }

    #[test]
    fn a_notice_tells_what_changed_and_when() {
        let contact = notice(VerificationMethod::Email, NoticePurpose::ContactChanged);
        assert_eq!(subject(contact.purpose), "Your contact details changed");
        assert!(
            mail(&contact).starts_with("The contact details of your account changed at 12:00 UTC on 1 January 2026.")
        );
        let password = notice(VerificationMethod::Phone, NoticePurpose::PasswordChanged);
        assert_eq!(subject(password.purpose), "Your password changed");
        assert!(short(&password).starts_with("The password of your account changed at 12:00 UTC on 1 January 2026."));
        for text in [mail(&contact), short(&contact), mail(&password), short(&password)] {
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(words.all(|word| word.len() != 6 || word.bytes().any(|b| !b.is_ascii_digit())), "no code: {text}");
        }
    }
}
