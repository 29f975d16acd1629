//! Times as text.

use std::fmt;

use chrono::{Datelike, SecondsFormat, Timelike};
use domain::Timestamp;
use serde::{Serialize, Serializer};

/// RFC 3339 in UTC with microseconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    Rfc3339(at).to_string()
}

/// A time that is written in RFC 3339, in UTC with microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfc3339(pub Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match text(self.0).as_ref().map(|text| std::str::from_utf8(text)) {
            Some(Ok(text)) => f.write_str(text),
            _ => f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match text(self.0).as_ref().map(|text| std::str::from_utf8(text)) {
            Some(Ok(text)) => serializer.serialize_str(text),
            _ => serializer.collect_str(self),
        }
    }
}

/// The text without an allocation, since a page has hundreds of times: for years of four digits and seconds that are not
/// leap seconds.
fn text(at: Timestamp) -> Option<[u8; 27]> {
    let year = u32::try_from(at.year()).ok().filter(|year| *year < 10_000)?;
    let micros = Some(at.nanosecond() / 1000).filter(|micros| *micros < 1_000_000)?;
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    put(&mut text[0..4], year);
    put(&mut text[5..7], at.month());
    put(&mut text[8..10], at.day());
    put(&mut text[11..13], at.hour());
    put(&mut text[14..16], at.minute());
    put(&mut text[17..19], at.second());
    put(&mut text[20..26], micros);
    Some(text)
}

/// Writes a number over as many digits as there is room for.
fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn check(at: Timestamp) {
        let expected = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        assert_eq!(rfc3339(at), expected);
        assert_eq!(serde_json::to_string(&Rfc3339(at)).unwrap(), format!("\"{expected}\""));
    }

    #[test]
    fn times_without_four_digits_of_a_year_and_leap_seconds_are_written_too() {
        for text in ["2026-01-02T03:04:05.000006Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"] {
            check(text.parse().unwrap());
        }
        check("2016-12-31T23:59:60.5Z".parse().unwrap());
        check(Timestamp::MIN_UTC);
        check(Timestamp::MAX_UTC);
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_chrono_writes_it(micros in -62_200_000_000_000_000_i64..260_000_000_000_000_000) {
            check(DateTime::from_timestamp_micros(micros).unwrap());
        }
    }
}
