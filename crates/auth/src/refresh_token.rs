//! Refresh tokens. They are opaque, each is used once, and only their digest is stored.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use domain::SessionId;
use domain::session::Digest;
use secrecy::SecretString;
use uuid::Uuid;

use crate::crypto::{CryptoError, equal, random, sha256};
use crate::key_material::ServerSecrets;

/// One refresh token. On the wire it has, in base64url: session (16 bytes), renewals (8), secret (32), tag (16). The
/// tag proves that it was made here, so that a guess does not reach a session.
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    /// How many tokens of the session came before.
    pub(crate) renewals: i64,
    secret: [u8; 32],
}

const BODY: usize = 16 + 8 + 32;
const TAG: usize = 16;

impl RefreshToken {
    /// The first token of a session.
    pub(crate) fn first(session: SessionId) -> Result<Self, CryptoError> {
        Ok(Self { session, renewals: 0, secret: random()? })
    }

    /// The token after this one. It is derived, not random. So the holder of this one can get the same successor again
    /// after a lost answer, and nobody has to store it.
    pub(crate) fn successor(&self, secrets: &ServerSecrets) -> Self {
        let mac = secrets.refresh_successor.mac(&[
            b"refresh",
            self.session.as_uuid().as_bytes(),
            &self.renewals.to_be_bytes(),
            &self.secret,
        ]);
        Self { session: self.session, renewals: self.renewals + 1, secret: mac }
    }

    /// The digest, which is stored.
    pub(crate) fn digest(&self) -> Digest {
        sha256(&self.secret)
    }

    pub(crate) fn encode(&self, secrets: &ServerSecrets) -> SecretString {
        let body = self.body();
        let tag = secrets.refresh_tag.mac(&[&body]);
        BASE64_URL_SAFE_NO_PAD.encode([&body, &tag[..TAG]].concat()).into()
    }

    /// Reads a token that was made here; `None` for any other text.
    pub(crate) fn parse(text: &str, secrets: &ServerSecrets) -> Option<Self> {
        if text.len() != (BODY + TAG) * 4 / 3 {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, tag) = bytes.split_at_checked(BODY)?;
        if !equal(tag, &secrets.refresh_tag.mac(&[body])[..TAG]) {
            return None;
        }
        let (session, rest) = body.split_first_chunk::<16>()?;
        let (renewals, secret) = rest.split_first_chunk::<8>()?;
        Some(Self {
            session: Uuid::from_bytes(*session).into(),
            renewals: i64::from_be_bytes(*renewals),
            secret: secret.try_into().ok()?,
        })
    }

    fn body(&self) -> Vec<u8> {
        [self.session.as_uuid().as_bytes().as_slice(), &self.renewals.to_be_bytes(), &self.secret].concat()
    }
}

#[cfg(test)]
mod tests {
    use domain::Clock;
    use domain::testing::FixedClock;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::test_world::secrets;

    fn first(secrets: &ServerSecrets) -> (RefreshToken, String) {
        let token = RefreshToken::first(FixedClock::default().new_id().into()).unwrap();
        let text = token.encode(secrets).expose_secret().to_owned();
        (token, text)
    }

    #[test]
    fn a_token_reads_back_here_and_nowhere_else() {
        let secrets = secrets(1);
        let (token, text) = first(&secrets);
        let read = RefreshToken::parse(&text, &secrets).unwrap();
        assert_eq!((read.session, read.renewals, read.digest()), (token.session, 0, token.digest()));
        assert!(RefreshToken::parse(&text, &crate::test_world::secrets(2)).is_none());
    }

    #[test]
    fn the_successor_is_the_same_each_time_and_unlike_its_parent() {
        let secrets = secrets(1);
        let (token, _) = first(&secrets);
        let next = token.successor(&secrets);
        assert_eq!(next.digest(), token.successor(&secrets).digest());
        assert_ne!(next.digest(), token.digest());
        assert_ne!(next.digest(), next.successor(&secrets).digest());
        assert_ne!(next.digest(), token.successor(&crate::test_world::secrets(2)).digest());
        assert_eq!(next.renewals, 1);
    }

    proptest! {
        #[test]
        fn no_changed_token_is_one_of_ours(at in 0..96_usize, to in "[A-Za-z0-9_-]") {
            let secrets = secrets(1);
            let (_, text) = first(&secrets);
            let mut forged = text.clone();
            forged.replace_range(at..=at, &to);
            prop_assert_eq!(RefreshToken::parse(&forged, &secrets).is_some(), forged == text);
        }

        #[test]
        fn no_text_is_a_token_by_chance(text in "\\PC{0,120}|[A-Za-z0-9_-]{96}") {
            prop_assert!(RefreshToken::parse(&text, &secrets(1)).is_none());
        }
    }
}
