//! Cells that a spreadsheet would run as a formula.

/// Characters that begin a formula in a spreadsheet, the full-width forms included.
const ACTIVE: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether the text begins with a formula, or with quotes before one.
fn is_active(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(ACTIVE)
}

/// The text with a quote before it, if a spreadsheet would run it or [`restored`] would change it.
pub(crate) fn defused(text: &str) -> String {
    if is_active(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text before it was [`defused`].
pub(crate) fn restored(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_active(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_would_run_is_defused() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+998", "'+998"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r", "'\r"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("'t Hooft", "'t Hooft"),
            ("'", "'"),
            ("''", "''"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(defused(text), cell, "{text:?}");
            assert_eq!(restored(cell), text, "{text:?}");
        }
    }

    #[test]
    fn what_was_never_defused_stays_but_for_one_quote_before_a_formula() {
        for (cell, text) in [("+998", "+998"), ("'+998", "+998"), ("'t Hooft", "'t Hooft"), ("=1", "=1")] {
            assert_eq!(restored(cell), text, "{cell:?}");
        }
    }

    proptest! {
        #[test]
        fn a_defused_text_comes_back_and_does_not_run(text in "[='+\\-@\t\r\n＝＋－＠ a]{0,6}|\\PC{0,12}") {
            let cell = defused(&text);
            prop_assert!(!cell.starts_with(ACTIVE));
            prop_assert_eq!(restored(&cell), text);
        }
    }
}
