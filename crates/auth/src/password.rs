//! Passwords as people type them, and the policy that refuses passwords that are easily guessed.

use std::fmt;
use std::sync::LazyLock;

use domain::{Email, ValueError};
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// A password in NFC. It neither prints nor serializes, and is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// The most characters that a password may have, counted after NFC.
    pub const MAX_LENGTH: usize = 128;

    /// Takes a password of 1 to 128 characters. [`PasswordPolicy`] decides whether it may be set.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let normal: String = text.nfc().collect();
        let password = Self(SecretString::from(normal));
        match password.length() {
            0 => Err(ValueError::new("too_short", "must not be empty")),
            1..=Self::MAX_LENGTH => Ok(password),
            _ => Err(too_long()),
        }
    }

    /// Takes whatever somebody signs in with. A text that nobody can have set matches nothing. Refusing it takes as
    /// long as refusing any other wrong password.
    #[must_use]
    pub fn attempt(text: &str) -> Self {
        Self(SecretString::from(text.nfc().collect::<String>()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn length(&self) -> usize {
        self.expose().chars().count()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

fn too_long() -> ValueError {
    ValueError::new("too_long", "a password has at most 128 characters")
}

/// What a new password must be (NIST SP 800-63B section 5.1.1.2): long, not common, and not made of the person's own
/// e-mail. It need not mix kinds of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_length: 12 }
    }
}

impl PasswordPolicy {
    /// The lowest minimum length that may be configured.
    pub const LEAST_MIN_LENGTH: usize = 8;

    /// A policy with another minimum length, in characters.
    pub fn new(min_length: usize) -> Result<Self, ValueError> {
        if (Self::LEAST_MIN_LENGTH..=Password::MAX_LENGTH).contains(&min_length) {
            Ok(Self { min_length })
        } else {
            Err(ValueError::new("out_of_range", "must be from 8 to 128"))
        }
    }

    /// The fewest characters that a new password may have, counted after NFC.
    #[must_use]
    pub fn min_length(&self) -> usize {
        self.min_length
    }

    /// Whether the password may be set for the account with this e-mail.
    pub fn check(&self, password: &Password, account_email: Option<&Email>) -> Result<(), ValueError> {
        let length = password.length();
        if length < self.min_length {
            return Err(ValueError::new(
                "too_short",
                format!("a password has at least {} characters", self.min_length),
            ));
        }
        if length > Password::MAX_LENGTH {
            return Err(too_long());
        }
        let folded = password.expose().to_lowercase();
        if account_email.is_some_and(|email| is_made_of(&folded, email)) {
            return Err(ValueError::new("contains_email", "must not be made of the e-mail address"));
        }
        if is_easily_guessed(&folded) {
            return Err(ValueError::new(
                "common_password",
                "too common or too regular: choose one that is hard to guess",
            ));
        }
        Ok(())
    }
}

/// Whether the password is the address or its local part with few other characters. Digits do not count.
fn is_made_of(folded: &str, email: &Email) -> bool {
    const SHORTEST_PART: usize = 4;
    const ENOUGH: usize = 8;
    let mut rest = alphanumerics(folded);
    let parts = [email.as_str(), &email.shown(), email.local_part()].map(alphanumerics);
    let before = rest.len();
    for part in parts.iter().filter(|part| part.chars().count() >= SHORTEST_PART) {
        rest = rest.replace(part.as_str(), "");
    }
    rest.len() < before && rest.chars().filter(|c| !c.is_numeric()).count() < ENOUGH
}

fn alphanumerics(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn is_easily_guessed(folded: &str) -> bool {
    is_common(folded) || is_common_word_with_tail(folded) || is_repetition(folded) || is_run(folded)
}

/// Sorted by byte. `common_passwords.LICENSE` says where they come from.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

fn is_common(folded: &str) -> bool {
    COMMON.binary_search(&folded).is_ok()
}

/// Whether the password is a common one followed by digits and punctuation, such as `password2026!`.
fn is_common_word_with_tail(folded: &str) -> bool {
    let is_tail = |c: &char| !c.is_alphabetic();
    folded.char_indices().rev().take_while(|(_, c)| is_tail(c)).any(|(at, _)| is_common(&folded[..at]))
}

/// Whether the password repeats one unit, which is at most four characters or a common password. The last repetition
/// may be cut off.
fn is_repetition(folded: &str) -> bool {
    const SHORT_UNIT: usize = 4;
    let chars: Vec<char> = folded.chars().collect();
    let has_period = |period: usize| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b);
    let Some(period) = (1..=chars.len() / 2).find(|&period| has_period(period)) else {
        return false;
    };
    period <= SHORT_UNIT || is_common(&chars[..period].iter().collect::<String>())
}

/// Rows of characters that people type in order: on keyboards, in alphabets, and the digits.
const ROWS: [&str; 20] = [
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "!qaz",
    "@wsx",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
];

/// Whether the password consists of runs along the rows, with an average of four characters or more.
fn is_run(folded: &str) -> bool {
    const AVERAGE_RUN: usize = 4;
    let chars: Vec<char> = folded.chars().collect();
    let breaks = chars.windows(2).filter(|pair| !are_neighbours(pair[0], pair[1])).count();
    chars.len() >= (breaks + 1) * AVERAGE_RUN
}

fn are_neighbours(a: char, b: char) -> bool {
    let follows = |row: &str| row.chars().zip(row.chars().skip(1)).any(|pair| pair == (a, b) || pair == (b, a));
    a == b || ROWS.into_iter().any(follows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str, email: &str) -> Option<&'static str> {
        let email = Email::parse(email).unwrap();
        PasswordPolicy::default().check(&Password::parse(text).unwrap(), Some(&email)).err().map(|error| error.code)
    }

    #[test]
    fn sensible_passwords_are_taken() {
        for text in [
            "correct horse battery staple",
            "Manager-password-1",
            "s3cret-Passw0rd-long",
            "Tr0ub4dor&3-extra",
            "пароль для складов",
            "kV9#mPq2!xZr",
            "a strong one 2026",
            "   padded inside   ",
        ] {
            assert_eq!(refusal(text, "ann@example.com"), None, "{text}");
        }
    }

    #[test]
    fn what_everybody_types_is_refused() {
        for text in [
            "password1234",
            "Password2026!",
            "PASSWORD!!!!!",
            "trustno1!!!!!",
            "qwertyuiop12",
            "QwertyUiop[]",
            "123456789012",
            "abcdefghijkl",
            "lkjihgfedcba",
            "aaaaaaaaaaaa",
            "abcabcabcabcab",
            "passwordpassword",
            "1qaz2wsx3edc",
            "йцукенгшщзхъ",
        ] {
            assert_eq!(refusal(text, "ann@example.com"), Some("common_password"), "{text}");
        }
    }

    #[test]
    fn the_own_address_is_no_password() {
        for text in [
            "ann.smithson@example.com",
            "ann.smithson@example.com!Aa1",
            "Ann.Smithson2026",
            "annsmithson annsmithson",
            "1984-ann_smithson",
            "my ann.smithson",
            "ann.smithson 1234567890 pass",
        ] {
            assert_eq!(refusal(text, "ann.smithson@example.com"), Some("contains_email"), "{text}");
        }
        assert_eq!(refusal("ann.smithson likes tea", "ann.smithson@example.com"), None);
        assert_eq!(refusal("ann 201 943 275 88", "ann@example.com"), None);
    }

    #[test]
    fn length_is_counted_after_nfc() {
        let policy = PasswordPolicy::new(8).unwrap();
        let decomposed = Password::parse("e\u{301}u\u{308}o\u{302}a\u{300}").unwrap();
        assert_eq!(policy.check(&decomposed, None).unwrap_err().code, "too_short");
        assert!(Password::parse(&"e\u{301}".repeat(128)).is_ok());
        assert_eq!(Password::parse(&"é".repeat(129)).unwrap_err().code, "too_long");
        assert_eq!(Password::parse("").unwrap_err().code, "too_short");
        assert!(PasswordPolicy::new(7).is_err());
        assert_eq!(refusal("short-pass1", "ann@example.com"), Some("too_short"));
    }

    #[test]
    fn every_listed_password_is_found_and_the_list_is_sorted() {
        assert!(COMMON.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(COMMON.iter().all(|line| is_common(line)));
        assert!(!is_common("") && !is_common("\u{10ffff}") && !is_common("password\nprecious"));
    }

    #[test]
    fn a_password_never_prints() {
        assert_eq!(format!("{:?}", Password::parse("a strong one 2026").unwrap()), "Password(…)");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,140}", email in "[a-z]{1,9}@[a-z]{1,9}\\.com") {
            if let Ok(password) = Password::parse(&text) {
                let _ = PasswordPolicy::default().check(&password, Email::parse(&email).ok().as_ref());
            }
        }
    }
}
