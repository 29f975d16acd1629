//! Makes one-time codes, stores them as digests, and checks them.

use domain::challenge::{Challenge, Message, Pending, Purpose, Turn};
use domain::delivery::MessageKeys as _;
use domain::session::Digest;
use domain::value::typed_digits;
use domain::{Clock, Staff, UserId, VerificationMethod};
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::{CryptoError, equal, random};
use crate::key_material::ServerSecrets;

/// A challenge to be opened.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) purpose: Purpose,
    /// Identifies the person for whom the code is. Each network has one open challenge for each subject.
    pub(crate) subject: String,
    /// The contact that the asker gave, whether or not an account has it. The number of codes for each is limited.
    /// `None` where a stranger cannot ask.
    pub(crate) target: Option<String>,
    pub(crate) user_id: Option<UserId>,
    /// Whether the contact belongs to an account. Budgets reserve a part for accounts.
    pub(crate) has_account: bool,
    pub(crate) channel: VerificationMethod,
    /// Where the code goes. `None` makes a decoy, which looks the same and takes the same work.
    pub(crate) contact: Option<String>,
    pub(crate) pending: Option<Pending>,
}

impl Draft {
    /// A code for the owner of this contact, who may have no account.
    pub(crate) fn new(purpose: Purpose, channel: VerificationMethod, contact: &str) -> Self {
        Self {
            purpose,
            subject: contact.to_owned(),
            target: Some(contact.to_owned()),
            user_id: None,
            has_account: false,
            channel,
            contact: Some(contact.to_owned()),
            pending: None,
        }
    }

    /// A code for a staff member, over their verification method.
    pub(crate) fn to_staff(purpose: Purpose, id: UserId, staff: &Staff) -> Self {
        Self {
            user_id: Some(id),
            has_account: true,
            contact: Some(staff.contact()),
            ..Self::new(purpose, staff.verification_method, staff.email.as_str())
        }
    }

    /// The same draft as a decoy, for a person who was erased meanwhile.
    pub(crate) fn of_nobody(self) -> Self {
        Self { user_id: None, contact: None, ..self }
    }

    /// The challenge with a new code, and the message that carries the code. The challenge belongs to the network of
    /// the asker. `asker` is `None` when an admin invites somebody.
    pub(crate) fn open(
        self,
        asker: Option<&str>,
        secrets: &ServerSecrets,
        clock: &dyn Clock,
    ) -> Result<(Challenge, Message), CryptoError> {
        let now = clock.now();
        let code = new_code()?;
        let turn = asker.and_then(|network| self.turn(network, secrets));
        let subject = [Some(self.subject.as_bytes()), asker.map(str::as_bytes)];
        let mut challenge = Challenge {
            id: clock.new_id().into(),
            purpose: self.purpose,
            subject: secrets.subjects.mac(&subject.into_iter().flatten().collect::<Vec<_>>()),
            user_id: self.user_id,
            channel: self.channel,
            contact: self.contact.unwrap_or_default(),
            code_digest: Digest::default(),
            tries: 0,
            created_at: now,
            expires_at: now + self.purpose.lifetime(),
            used_at: None,
            pending: self.pending,
        };
        challenge.code_digest = code_digest(&challenge, code.expose_secret(), secrets);
        let message = message(&challenge, &code, secrets, clock)?;
        Ok((challenge, Message { turn, ..message }))
    }

    /// With which other messages this one takes turns; `None` for a decoy, for which no message goes out.
    fn turn(&self, network: &str, secrets: &ServerSecrets) -> Option<Turn> {
        let contact = secrets.contact(self.contact.as_deref()?);
        let network = secrets.attempts.mac(&[b"network", network.as_bytes()]);
        let asker = secrets.attempts.mac(&[b"turn", &contact, &network]);
        Some(Turn { contact, asker, network, has_account: self.has_account })
    }
}

fn message(
    challenge: &Challenge,
    code: &SecretString,
    secrets: &ServerSecrets,
    clock: &dyn Clock,
) -> Result<Message, CryptoError> {
    let id = domain::MessageId::from(clock.new_id());
    Ok(Message {
        id,
        channel: challenge.channel,
        recipient: challenge.contact.clone(),
        purpose: challenge.purpose,
        challenge_id: challenge.id,
        sealed_code: secrets.messages.seal(id.as_uuid().as_bytes(), code.expose_secret().as_bytes())?,
        created_at: challenge.created_at,
        expires_at: challenge.expires_at,
        attempts: 0,
        turn: None,
    })
}

/// Whether this is the code of the challenge, in any spelling of its digits. A decoy has no right code.
pub(crate) fn is_right(challenge: &Challenge, code: &str, secrets: &ServerSecrets) -> bool {
    let code = typed_digits(code).unwrap_or_default();
    let matches = equal(&challenge.code_digest, &code_digest(challenge, &code, secrets));
    matches && !challenge.contact.is_empty()
}

/// The digest of a code. It is bound to challenge, purpose and contact, so that a copied or changed row proves nothing.
fn code_digest(challenge: &Challenge, code: &str, secrets: &ServerSecrets) -> Digest {
    secrets.codes.mac(&[
        challenge.id.as_uuid().as_bytes(),
        challenge.purpose.as_str().as_bytes(),
        challenge.contact.as_bytes(),
        code.as_bytes(),
    ])
}

/// Six random digits. All codes are equally likely.
fn new_code() -> Result<SecretString, CryptoError> {
    const CODES: u32 = 1_000_000;
    // Numbers above this would make low codes a little more likely.
    const FAIR: u32 = u32::MAX / CODES * CODES;
    loop {
        let number = u32::from_be_bytes(random()?);
        if number < FAIR {
            return Ok(format!("{:06}", number % CODES).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::testing::FixedClock;

    use super::*;
    use crate::test_world::secrets;

    fn draft(contact: Option<&str>) -> Draft {
        let draft = Draft::new(Purpose::CustomerSignIn, VerificationMethod::Phone, "+998901234567");
        Draft { contact: contact.map(str::to_owned), ..draft }
    }

    #[test]
    fn codes_are_six_digits_and_differ() {
        let codes: Vec<SecretString> = (0..500).map(|_| new_code().unwrap()).collect();
        let texts: HashSet<&str> = codes.iter().map(ExposeSecret::expose_secret).collect();
        assert!(texts.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())));
        assert!(texts.len() > 490);
        assert!(texts.iter().any(|code| code.starts_with('0')));
    }

    #[test]
    fn a_code_is_bound_to_challenge_purpose_and_contact() {
        let (secrets, clock) = (secrets(1), FixedClock::default());
        let (challenge, message) = draft(Some("+998901234567")).open(Some("192.0.2.1"), &secrets, &clock).unwrap();
        let code = secrets.unseal(&message).unwrap();
        let code = code.as_str();
        assert!(is_right(&challenge, code, &secrets));
        assert!(is_right(&challenge, &format!(" {code}\n"), &secrets));
        assert!(!is_right(&challenge, "", &secrets));
        let (a, b) = code.split_at(3);
        for typed in
            [format!("{a} {b}"), format!("{a}-{b}"), format!("{a}\u{a0}{b}"), format!("\u{202a}{a}\u{2013}{b}\u{202c}")]
        {
            assert!(is_right(&challenge, &typed, &secrets), "{typed:?}");
        }
        let wide: String = code.bytes().map(|b| char::from_u32(0xff10 + u32::from(b - b'0')).unwrap()).collect();
        assert!(is_right(&challenge, &wide, &secrets));
        for typed in [format!("{code}a"), format!("{code}0"), format!("+{code}"), a.to_owned()] {
            assert!(!is_right(&challenge, &typed, &secrets), "{typed:?}");
        }
        let others = [
            Challenge { id: clock.new_id().into(), ..challenge.clone() },
            Challenge { purpose: Purpose::SecondFactor, ..challenge.clone() },
            Challenge { contact: "+998901234568".to_owned(), ..challenge.clone() },
        ];
        assert!(others.iter().all(|other| !is_right(other, code, &secrets)));
        assert!(!is_right(&challenge, code, &crate::test_world::secrets(2)));
    }

    #[test]
    fn a_decoy_looks_like_any_other_and_no_code_is_its_own() {
        let (secrets, clock) = (secrets(1), FixedClock::default());
        let (real, _) = draft(Some("+998901234567")).open(Some("192.0.2.1"), &secrets, &clock).unwrap();
        let (decoy, message) = draft(None).open(Some("192.0.2.1"), &secrets, &clock).unwrap();
        assert_eq!((decoy.subject, decoy.expires_at), (real.subject, real.expires_at));
        assert_eq!(message.recipient, "");
        let code = secrets.unseal(&message).unwrap();
        assert!(!is_right(&decoy, &code, &secrets));
    }

    #[test]
    fn a_sealed_code_opens_in_its_own_message_only() {
        let (secrets, clock) = (secrets(1), FixedClock::default());
        let (_, message) = draft(Some("+998901234567")).open(Some("192.0.2.1"), &secrets, &clock).unwrap();
        let moved = Message { id: clock.new_id().into(), ..message.clone() };
        assert!(secrets.unseal(&message).is_some());
        assert!(secrets.unseal(&moved).is_none());
    }
}
