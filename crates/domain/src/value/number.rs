//! Which numbers of JSON come back as they were sent.
//!
//! A number is stored as a 64-bit integer or as a double (IEEE 754 binary64), since every database and nearly every
//! JSON parser has these two.

use serde_json::{Map, Number, Value};

use super::ValueError;

/// From this number on, a double is written with an exponent, which PostgreSQL turns into digits.
const FIRST_WITH_EXPONENT: f64 = 1e16;
/// The first number above all 64-bit integers.
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// Checks that the number of this JSON text comes back with the same value. That holds for a 64-bit integer, and for a
/// decimal that equals the shortest decimal of some double, such as `0.1`, `1.50` or `1e5`. It does not hold for `-0`,
/// which PostgreSQL does not have.
///
/// # Errors
/// `inexact_number`.
pub fn check_number(literal: &str) -> Result<(), ValueError> {
    if is_kept(literal) {
        return Ok(());
    }
    let detail = "would not come back as it is: send an integer of 64 bits or a decimal that a double holds, \
                  and any other number as a string";
    Err(ValueError::new("inexact_number", detail))
}

fn is_kept(literal: &str) -> bool {
    let is_zero = literal.bytes().take_while(|b| !matches!(b, b'e' | b'E')).all(|b| matches!(b, b'-' | b'0' | b'.'));
    if is_zero {
        return !literal.starts_with('-');
    }
    if literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok() {
        return true;
    }
    let Ok(double) = literal.parse::<f64>() else { return false };
    double.is_finite() && double != 0.0 && decimal(literal) == decimal(&format!("{double:e}"))
}

/// The sign, the digits without leading and trailing zeros, and the power of ten of the last digit.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let shown = digits.trim_end_matches('0');
    let dropped = digits.len() - shown.len();
    let power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let power = power.checked_add(i64::try_from(dropped).ok()?)?;
    Some((is_negative, shown.trim_start_matches('0').to_owned(), power))
}

/// The object with every number in the form that all databases give back.
pub(super) fn settled(mut object: Map<String, Value>) -> Map<String, Value> {
    object.values_mut().for_each(settle);
    object
}

fn settle(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(same) = number.as_f64().filter(|_| number.is_f64()).and_then(integer) {
                *number = same;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(members) => members.values_mut().for_each(settle),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The integer that PostgreSQL makes of a double that is written with an exponent; zero for a negative zero. The
/// integer has the digits of the text, which the exact value of the double may differ from a little.
fn integer(double: f64) -> Option<Number> {
    if double == 0.0 && double.is_sign_negative() {
        return Number::from_f64(0.0);
    }
    if !(FIRST_WITH_EXPONENT..TWO_TO_64).contains(&double.abs()) {
        return None;
    }
    let (is_negative, digits, power) = decimal(&format!("{double:e}"))?;
    let sign = if is_negative { "-" } else { "" };
    let text = format!("{sign}{digits}{}", "0".repeat(usize::try_from(power).ok()?));
    text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_double_or_an_integer_holds_is_kept() {
        for literal in [
            "0",
            "0.0",
            "0e5",
            "1",
            "-1",
            "1.0",
            "1.50",
            "0.1",
            "0.30000000000000004",
            "1E5",
            "1e5",
            "1e+5",
            "2.5e-7",
            "9007199254740993",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "1e22",
            "100000000000000000000000",
            "1.7976931348623157e308",
            "5e-324",
            "123456.789",
        ] {
            assert!(is_kept(literal), "{literal}");
        }
        for literal in [
            "-0",
            "-0.0",
            "-0e1",
            "123456789012345678901234",
            "18446744073709551616",
            "-9223372036854775809",
            "0.1000000000000000055511151231257827",
            "9007199254740993.0",
            "1e400",
            "-1e400",
            "1e-400",
            "1e309",
            "1e99999999999999999999",
            "1.00000000000000001",
        ] {
            assert!(!is_kept(literal), "{literal}");
        }
    }

    #[test]
    fn numbers_have_one_form() {
        let of = |value: Value| Value::Object(settled(value.as_object().unwrap().clone()));
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(
            of(read(r#"{"a":[1e16,{"b":-1e18}]}"#)),
            read(r#"{"a":[10000000000000000,{"b":-1000000000000000000}]}"#)
        );
        assert_eq!(of(read(r#"{"a":-0.0}"#)).to_string(), r#"{"a":0.0}"#);
        // The double is 18446744073709549568.
        assert_eq!(of(read(r#"{"a":1.844674407370955e19}"#)).to_string(), r#"{"a":18446744073709550000}"#);
        let same = json!({ "a": 1.0, "b": 0.1, "c": 1e22, "d": u64::MAX, "e": i64::MIN, "f": "1e16" });
        assert_eq!(of(same.clone()), same);
        assert_eq!(same.to_string(), of(same.clone()).to_string());
    }

    proptest! {
        #[test]
        fn every_integer_and_every_shortest_decimal_is_kept(whole in any::<i64>(), large in any::<u64>(), double in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert!(is_kept(&whole.to_string()) && is_kept(&large.to_string()));
            prop_assert!(is_kept(&Value::from(double).to_string()));
            let with_exponent = format!("{double:e}");
            prop_assert!(is_kept(&with_exponent));
        }

        #[test]
        fn what_is_kept_is_written_as_the_same_decimal(literal in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            if is_kept(&literal) {
                let object = settled(serde_json::from_str(&format!("{{\"n\":{literal}}}")).unwrap());
                let back = object["n"].to_string();
                let value = |text: &str| decimal(text).map(|(sign, digits, power)| if digits.is_empty() { (false, digits, 0) } else { (sign, digits, power) });
                prop_assert_eq!(value(&back), value(&literal));
                // Read again, as from a database, it is the same.
                prop_assert_eq!(settled(serde_json::from_str(&Value::Object(object.clone()).to_string()).unwrap()), object);
            }
        }
    }
}
