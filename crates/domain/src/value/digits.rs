//! Digits as people type and paste them: in any script, with separators.

use icu_properties::props::{
    BinaryProperty, Dash, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory, WhiteSpace,
};

/// What a character means in a phone number or a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A decimal digit of any script, as its value in ASCII.
    Digit(char),
    /// `+`, or its wide or small form.
    Plus,
    /// An opening bracket.
    Opening,
    /// A closing bracket.
    Closing,
    /// A separator, which has no meaning.
    Passed,
    /// A character that no number has.
    Other,
}

impl Sign {
    fn of(c: char) -> Self {
        match c {
            '0'..='9' => return Self::Digit(c),
            '+' | '\u{ff0b}' | '\u{fe62}' => return Self::Plus,
            _ if is_between_digits(c) => return Self::Passed,
            _ => {}
        }
        match GeneralCategory::for_char(c) {
            GeneralCategory::DecimalNumber => Self::Digit(ascii_digit(c)),
            GeneralCategory::OpenPunctuation => Self::Opening,
            GeneralCategory::ClosePunctuation => Self::Closing,
            _ => Self::Other,
        }
    }
}

/// Whether people put this character between digits: dots, slashes, dashes, white space and invisible characters.
/// Contact lists add invisible marks that keep a number in its direction.
fn is_between_digits(c: char) -> bool {
    is_invisible(c)
        || Dash::for_char(c)
        || matches!(c, '\u{ad}' | '.' | '\u{b7}' | '\u{2024}' | '\u{2027}' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
        || matches!(c, '/' | '\u{2044}' | '\u{2215}' | '\u{ff0f}')
}

/// Whether the character is invisible: white space, what Unicode calls default ignorable (marks of direction, joiners,
/// variation selectors), and the empty braille pattern.
pub(crate) fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        // A file may have millions of these characters, and the Unicode properties take longer.
        return c.is_ascii_whitespace() || c == '\u{b}';
    }
    WhiteSpace::for_char(c) || DefaultIgnorableCodePoint::for_char(c) || c == '\u{2800}'
}

/// The value of a decimal digit. Unicode encodes the digits of a script in one ascending run from zero (section 4.6).
/// So the number of digits before this one in its run is its value.
fn ascii_digit(c: char) -> char {
    let before = (0..u32::from(c)).rev().map_while(char::from_u32);
    let value = before.take_while(|&c| GeneralCategory::for_char(c) == GeneralCategory::DecimalNumber).count() % 10;
    char::from(b"0123456789"[value])
}

/// What the characters of a text mean. Separators are left out.
pub(crate) fn signs(text: &str) -> impl Iterator<Item = Sign> {
    text.chars().map(Sign::of).filter(|sign| *sign != Sign::Passed)
}

/// The digits of a text that holds only digits and separators; `None` for any other text.
///
/// Decimal digits of every script become ASCII digits. White space, dashes, brackets, dots, slashes and invisible marks
/// are separators.
#[must_use]
pub fn typed_digits(text: &str) -> Option<String> {
    let mut digits = String::new();
    for sign in signs(text) {
        match sign {
            Sign::Digit(digit) => digits.push(digit),
            Sign::Opening | Sign::Closing | Sign::Passed => {}
            Sign::Plus | Sign::Other => return None,
        }
    }
    Some(digits)
}

/// Whether a text begins with a `+`, and the digits after it, or all digits when there is no `+`.
pub(crate) fn international_digits(text: &str) -> (bool, Option<String>) {
    let mut rest = text.chars().skip_while(|c| !matches!(Sign::of(*c), Sign::Digit(_) | Sign::Plus | Sign::Other));
    let is_international = rest.clone().next().is_some_and(|c| Sign::of(c) == Sign::Plus);
    if is_international {
        rest.next();
    }
    (is_international, typed_digits(&rest.collect::<String>()))
}

/// Whether the text has a zero alone in brackets, which is a national trunk prefix.
pub(crate) fn has_trunk_zero(text: &str) -> bool {
    let signs: Vec<_> = signs(text).collect();
    signs.windows(3).any(|three| three == [Sign::Opening, Sign::Digit('0'), Sign::Closing])
}

/// Whether the text is empty or has only white space and invisible marks.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_of_every_script_are_what_they_mean() {
        for digits in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "๐๑๒๓๔๕๖๗๘๙",
            "０１２３４５６７８９",
            "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
            "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡",
            "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿",
            "🯰🯱🯲🯳🯴🯵🯶🯷🯸🯹",
        ] {
            assert_eq!(typed_digits(digits).as_deref(), Some("0123456789"), "{digits}");
        }
    }

    #[test]
    fn every_run_of_decimal_digits_is_a_multiple_of_ten() {
        let is_digit = |c: &char| GeneralCategory::for_char(*c) == GeneralCategory::DecimalNumber;
        let all: Vec<char> = ('\0'..=char::MAX).filter(is_digit).collect();
        assert!(all.len() > 600 && all.len().is_multiple_of(10));
        for ten in all.chunks(10) {
            let read: String = ten.iter().map(|c| ascii_digit(*c)).collect();
            assert_eq!(read, "0123456789", "{ten:?}");
        }
    }

    #[test]
    fn what_stands_between_digits_is_passed_over() {
        for text in [
            "123456",
            " 123 456\n",
            "123-456",
            "123\u{a0}456",
            "123\u{202f}456",
            "123\u{3000}456",
            "123\u{2010}4\u{2011}5\u{2012}6",
            "123\u{2013}4\u{2014}5\u{2015}6",
            "123\u{2212}456",
            "123\u{fe58}4\u{fe63}5\u{ff0d}6",
            "\u{202a}123456\u{202c}",
            "\u{202d}123456\u{202c}",
            "\u{2068}123456\u{2069}",
            "\u{feff}123\u{200b}456\u{200f}",
            "123\u{ad}456",
            "(123) 456",
            "[123]（456）",
            "123.456",
            "123/456",
            "123·456",
            "１２３　４５６",
        ] {
            assert_eq!(typed_digits(text).as_deref(), Some("123456"), "{text:?}");
        }
        for text in ["123a456", "123,456", "+123456", "½", "²", "x", "١٢٣z"] {
            assert_eq!(typed_digits(text), None, "{text:?}");
        }
        assert_eq!(typed_digits(" - ").as_deref(), Some(""));
    }

    #[test]
    fn what_nobody_sees_is_blank() {
        for text in
            ["", " ", "\u{a0}\u{3000}\t", "\u{200b}", "\u{202a}\u{202c}", "\u{3164}", "\u{2800}", "\u{feff}\u{fe0f}"]
        {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", "\u{200b}.", "\u{301}", "-", "0"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_digits_and_read_again_as_it_is(text in "[0-9٠-٩０-９ \u{a0}\u{2013}()./\u{202a}a+]{0,24}|\\PC{0,24}") {
            if let Some(digits) = typed_digits(&text) {
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(typed_digits(&digits), Some(digits));
            }
        }
    }
}
