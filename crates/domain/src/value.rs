//! Values that parse themselves. A value that exists is valid.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

/// A value type over text: `Display` and serialization show the text, deserialization parses it.
macro_rules! text_value {
    ($name:ident) => {
        impl $name {
            /// The value as text, in the one form in which it is stored and compared.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(::serde::de::Error::custom)
            }
        }
    };
}

mod digits;
mod email;
mod network;
mod number;

pub(crate) use digits::international_digits;
pub use digits::{is_blank, typed_digits};
pub use email::Email;
pub(crate) use email::ascii_start;
pub use network::Network;
pub use number::check_number;

/// Why a value was refused, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ValueError {
    /// A stable code for programs, such as `too_long`.
    pub code: &'static str,
    /// A sentence without a full stop. It never repeats the refused value.
    pub detail: Cow<'static, str>,
}

impl ValueError {
    /// A refusal with its code and its sentence.
    pub fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// A phone number in E.164 form: `+`, then the country code and the number as digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// The fewest digits after the `+` that a numbering plan in use has.
    pub const MIN_DIGITS: usize = 7;
    /// The most digits after the `+` (ITU-T E.164 section 6).
    pub const MAX_DIGITS: usize = 15;

    /// Reads a number in international form, as people type and paste it (see [`typed_digits`]). Refuses a number
    /// without its `+` and one with a national trunk `(0)`, since nobody can know for sure what is meant.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        if Self::is_canonical(text) {
            return Ok(Self(text.to_owned()));
        }
        let (is_international, digits) = international_digits(text);
        if !is_international {
            return Err(ValueError::new(
                "invalid_phone",
                "a phone number starts with + and its country code, such as +998901234567",
            ));
        }
        if digits::has_trunk_zero(text) {
            return Err(ValueError::new("invalid_phone", "leave out the (0): it is not dialled from abroad"));
        }
        let is_number =
            |digits: &String| (Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&digits.len()) && !digits.starts_with('0');
        let digits = digits.filter(is_number).ok_or_else(|| {
            ValueError::new("invalid_phone", "a phone number has 7 to 15 digits after the +, the first of them not 0")
        })?;
        Ok(Self(format!("+{digits}")))
    }

    /// Whether the number is written as it is stored, as all numbers of a list are.
    fn is_canonical(text: &str) -> bool {
        text.strip_prefix('+').is_some_and(|digits| {
            (Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|digit| digit.is_ascii_digit())
        })
    }

    /// The number with all but its last two digits hidden, for logs.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown = self.0.len().saturating_sub(2);
        format!("+…{}", &self.0[shown..])
    }
}

text_value!(Phone);

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

/// A value type over one line of text: trimmed, NFC, not empty, without control characters.
macro_rules! line_value {
    ($name:ident, $max:literal) => {
        impl $name {
            /// The most characters that it may have.
            pub const MAX_LENGTH: usize = $max;

            /// Reads the text. An empty text is an error here; `parse_optional` takes it as none.
            pub fn parse(text: &str) -> Result<Self, ValueError> {
                one_line(text, Self::MAX_LENGTH).map(Self)
            }

            /// Reads a text that may be left empty. A text without a visible character counts as none.
            pub fn parse_optional(text: &str) -> Result<Option<Self>, ValueError> {
                match Self::parse(text) {
                    Err(_) if is_blank(text) => Ok(None),
                    line => line.map(Some),
                }
            }
        }

        text_value!($name);
    };
}

/// What a person is called: trimmed, NFC, 1 to 120 characters, one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DisplayName(String);

line_value!(DisplayName, 120);

/// A company's own reference for a staff member's trunk: trimmed, 1 to 50 characters, not unique. The program reads no
/// meaning into it. Personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrunkNumber(String);

line_value!(TrunkNumber, 50);

impl fmt::Debug for TrunkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrunkNumber(…)")
    }
}

fn one_line(text: &str, max: usize) -> Result<String, ValueError> {
    let text = text.trim();
    // As most names of a list are. ASCII is in NFC as it is.
    if (1..=max).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(text.to_owned());
    }
    let line: String = text.nfc().collect();
    if is_blank(&line) {
        return Err(ValueError::new("too_short", "must not be empty"));
    }
    if line.chars().count() > max {
        return Err(ValueError::new("too_long", format!("at most {max} characters")));
    }
    if line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(ValueError::new("invalid_character", "must be one line without control characters"));
    }
    Ok(line)
}

/// The form in which names, addresses and search terms are compared: Unicode case folding between two normalisations
/// (Unicode 3.13, definition D145).
#[must_use]
pub fn search_key(text: &str) -> String {
    let decomposed: String = text.trim().nfd().collect();
    caseless::default_case_fold_str(&decomposed).nfc().collect()
}

/// What else a company stores about a customer: a JSON object whose members the company chooses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The most bytes that the object may have as compact JSON.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The most levels of objects and arrays. The outer object is the first level.
    pub const MAX_DEPTH: usize = 8;

    /// Takes an object that is small and shallow enough and holds no NUL, which PostgreSQL cannot store. A negative
    /// zero becomes zero. [`check_number`] finds the other numbers that would change.
    pub fn parse(object: Map<String, Value>) -> Result<Self, ValueError> {
        if object.is_empty() {
            return Ok(Self(object));
        }
        let value = Value::Object(number::settled(object));
        if depth(&value) > Self::MAX_DEPTH {
            return Err(ValueError::new("too_deep", "at most 8 levels of objects and arrays"));
        }
        if value.to_string().len() > Self::MAX_BYTES {
            return Err(ValueError::new("too_long", "at most 16384 bytes of JSON"));
        }
        if has_nul(&value) {
            return Err(ValueError::new("invalid_character", "must not hold the character U+0000"));
        }
        match value {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(ValueError::new("wrong_type", "must be an object")),
        }
    }

    /// An object from the database, which was checked when it was stored.
    #[must_use]
    pub fn from_stored(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The object itself.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Map::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn phone_is_stored_as_e164() {
        for typed in [
            "+998901234567",
            "+998 90 123-45-67",
            " +998 (90) 123.45.67 ",
            "+998/90/1234567",
            "+998\u{a0}901234567",
            "\u{202a}+998 90 123 45 67\u{202c}",
            "\u{202d}+998901234567\u{202c}",
            "+998 90 123\u{2013}45\u{2013}67",
            "+998\u{2012}90\u{2212}123\u{2010}45\u{ff0d}67",
            "(+998) 90 [123] 45 67",
            "＋９９８ ９０ １２３ ４５ ６７",
            "+٩٩٨٩٠١٢٣٤٥٦٧",
            "\u{feff}+998\u{200b}90\u{2060}1234567",
        ] {
            assert_eq!(Phone::parse(typed).unwrap().as_str(), "+998901234567", "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_phone_is_refused() {
        for text in [
            "",
            "+",
            "abc",
            "12345",
            "998901234567",
            "00998901234567",
            "+99890",
            "+0998901234567",
            "+1234567890123456",
            "+44 (0)20 7946 0018",
            "+44 (\u{200b}٠)20 7946 0018",
            "+44[ 0 ]20 7946 0018",
            "+1-800-FLOWERS",
            "++998901234567",
            "+998901234567;ext=1",
            "998+901234567",
            "+99890123456²",
        ] {
            assert!(Phone::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn logs_never_show_a_whole_contact() {
        assert_eq!(format!("{:?}", Phone::parse("+998901234567").unwrap()), "Phone(+…67)");
        assert_eq!(format!("{:?}", Email::parse("ann@example.com").unwrap()), "Email(a…)");
    }

    #[test]
    fn names_count_characters_not_bytes() {
        assert!(DisplayName::parse(&"ў".repeat(120)).is_ok());
        assert_eq!(DisplayName::parse(&"ў".repeat(121)).unwrap_err().code, "too_long");
        assert_eq!(DisplayName::parse("a\nb").unwrap_err().code, "invalid_character");
        for blank in ["  ", "\u{200b}", "\u{a0}\u{3164}", "\u{202a}\u{202c}", "\u{2800}"] {
            assert_eq!(DisplayName::parse_optional(blank).unwrap(), None, "{blank:?}");
            assert_eq!(DisplayName::parse(blank).unwrap_err().code, "too_short", "{blank:?}");
            assert_eq!(TrunkNumber::parse_optional(blank).unwrap(), None, "{blank:?}");
        }
        assert_eq!(TrunkNumber::parse_optional(" 12 ").unwrap().unwrap().as_str(), "12");
    }

    #[test]
    fn search_folds_case_beyond_ascii() {
        assert_eq!(search_key("ÅSA"), search_key("åsa"));
        assert_eq!(search_key("STRASSE"), search_key("Straße"));
        assert_eq!(search_key("ЎКТАМ"), search_key("ўктам"));
        assert_eq!(search_key("e\u{301}"), search_key("É"));
    }

    #[test]
    fn metadata_is_bounded() {
        let nested =
            |levels: usize| (1..levels).fold(serde_json::json!({}), |inner, _| serde_json::json!({ "a": inner }));
        let parse = |value: Value| Metadata::parse(value.as_object().unwrap().clone());
        assert!(parse(nested(8)).is_ok());
        assert_eq!(parse(nested(9)).unwrap_err().code, "too_deep");
        assert_eq!(parse(serde_json::json!({ "a": "x".repeat(17 * 1024) })).unwrap_err().code, "too_long");
        assert_eq!(parse(serde_json::json!({ "a": ["\0"] })).unwrap_err().code, "invalid_character");
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent(text in "\\PC{0,40}|[a-zA-Z.]{1,12}@[a-zA-Z]{1,12}\\.com|\\+[0-9 ()-]{5,18}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert!(phone.as_str().len() <= 16);
                prop_assert_eq!(Phone::parse(phone.as_str()).unwrap(), phone);
            }
            if let Ok(name) = DisplayName::parse(&text) {
                prop_assert_eq!(DisplayName::parse(name.as_str()).unwrap(), name);
            }
            let key = search_key(&text);
            prop_assert_eq!(search_key(&key), key);
        }
    }
}
