//! Numbers as the tables show them.

/// Small ones with two decimals.
pub(crate) fn millis(number: f64) -> String {
    if number < 10.0 { format!("{number:.2}") } else { format!("{number:.0}") }
}

/// Whole.
pub(crate) fn micros(number: f64) -> String {
    format!("{number:.0}")
}

/// With commas between thousands; small ones with a decimal.
pub(crate) fn rate(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([rate(4.25), rate(999.6), rate(131_700.0)], ["4.2", "1,000", "131,700"]);
    }
}
