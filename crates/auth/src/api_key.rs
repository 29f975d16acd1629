//! The text of an API key: `clk_`, id, `_`, secret, checksum; all but the words in lower-case hexadecimal digits.
//!
//! The checksum tells a key from a text that looks like one, without the database. It keeps no secret: anybody can
//! make one that is right.

use std::fmt::Write as _;

use domain::ApiKeyId;
use domain::session::Digest;
use secrecy::SecretString;
use uuid::Uuid;

use crate::crypto::{CryptoError, random, sha256};
use crate::key_material::ServerSecrets;

/// How every key begins.
pub(crate) const PREFIX: &str = "clk_";
const SECRET: usize = 32;
const CHECKSUM: usize = 4;
/// What is checked: prefix, id, `_` and secret.
const BODY: usize = PREFIX.len() + 32 + 1 + 2 * SECRET;

/// A key as its holder has it.
pub(crate) struct KeyText {
    pub(crate) id: ApiKeyId,
    secret: [u8; SECRET],
}

impl KeyText {
    /// The text of a key that is made now.
    pub(crate) fn new(id: ApiKeyId) -> Result<Self, CryptoError> {
        Ok(Self { id, secret: random()? })
    }

    /// What is stored of it.
    pub(crate) fn digest(&self, secrets: &ServerSecrets) -> Digest {
        secrets.api_keys.mac(&[self.id.as_uuid().as_bytes(), &self.secret])
    }

    pub(crate) fn encode(&self) -> SecretString {
        let body = format!("{PREFIX}{}_{}", self.id.as_uuid().simple(), hex(&self.secret));
        let checksum = checksum(&body);
        (body + &checksum).into()
    }

    /// Reads a key. `None` for a text that is none, or whose checksum is wrong.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != BODY + 2 * CHECKSUM || !text.is_ascii() {
            return None;
        }
        let (body, rest) = text.split_at(BODY);
        if rest != checksum(body) {
            return None;
        }
        let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
        let mut bytes = [0; SECRET];
        for (byte, pair) in bytes.iter_mut().zip(secret.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let key = Self { id: Uuid::try_parse(id).ok()?.into(), secret: bytes };
        // One key has one text.
        (hex(&key.secret) == secret && key.id.as_uuid().simple().to_string() == id).then_some(key)
    }
}

fn checksum(body: &str) -> String {
    hex(&sha256(body.as_bytes())[..CHECKSUM])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use domain::Clock;
    use domain::testing::FixedClock;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::test_world::secrets;

    fn made() -> (KeyText, String) {
        let key = KeyText::new(FixedClock::default().new_id().into()).unwrap();
        let text = key.encode().expose_secret().to_owned();
        (key, text)
    }

    #[test]
    fn a_key_reads_back_and_is_stored_as_a_hash_that_takes_our_secret() {
        let (key, text) = made();
        let read = KeyText::parse(&text).unwrap();
        assert_eq!((read.id, read.secret), (key.id, key.secret));
        assert_eq!(read.digest(&secrets(1)), key.digest(&secrets(1)));
        assert_ne!(key.digest(&secrets(1)), key.digest(&secrets(2)));
        let other = KeyText { id: Uuid::nil().into(), secret: key.secret };
        assert_ne!(other.digest(&secrets(1)), key.digest(&secrets(1)), "the hash is of the id, too");
    }

    #[test]
    fn a_key_looks_as_the_documentation_says() {
        let document = include_str!("../../../docs/keys.md");
        assert!(document.contains("\nclk_[0-9a-f]{32}_[0-9a-f]{72}\n"));
        let (_, text) = made();
        let (id, secret) = text.strip_prefix("clk_").unwrap().split_once('_').unwrap();
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        assert!(id.len() == 32 && secret.len() == 72 && is_hex(id) && is_hex(secret), "{text}");
        let checksum = &sha256(&text.as_bytes()[..text.len() - 8])[..4];
        assert_eq!(text[text.len() - 8..], hex(checksum));
    }

    #[test]
    fn another_spelling_with_its_own_checksum_is_no_key() {
        let (_, text) = made();
        let body = &text[..BODY];
        for forged in [body.to_uppercase(), body.replacen("clk_", "CLK_", 1), body.replacen(&body[37..39], "+1", 1)] {
            assert!(KeyText::parse(&format!("{forged}{}", checksum(&forged))).is_none(), "{forged}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_key_is_a_key(at in 0..109_usize, to in "[0-9a-zA-Z_]") {
            let (_, text) = made();
            let mut forged = text.clone();
            forged.replace_range(at..=at, &to);
            prop_assert_eq!(KeyText::parse(&forged).is_some(), forged == text);
        }

        #[test]
        fn no_text_is_a_key_by_chance(text in "\\PC{0,120}|clk_[0-9a-f]{32}_[0-9a-f]{72}") {
            prop_assert!(KeyText::parse(&text).is_none());
        }
    }
}
