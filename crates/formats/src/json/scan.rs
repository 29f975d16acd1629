//! Finds what a parser would change in silence: numbers that it would round, and keys of which it would keep the last.
//! The text is scanned before it is parsed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use domain::ValueError;
use domain::value::check_number;
use serde::de::IgnoredAny;

/// Most numbers that are reported.
const MAX_REPORTED: usize = 100;

/// A number that is refused.
#[derive(Debug, PartialEq)]
pub struct Inexact {
    /// Where it is (RFC 6901).
    pub pointer: String,
    /// As it was sent.
    pub literal: String,
    /// Why it is refused.
    pub error: ValueError,
}

/// What was found in a text.
pub(super) struct Scanned<'j> {
    /// The text, with a zero in place of each number that is refused.
    pub(super) text: Cow<'j, [u8]>,
    /// The first hundred of these numbers, fewer when their pointers get longer than the text.
    pub(super) inexact: Vec<Inexact>,
    /// Where the first key ends that its object has already.
    pub(super) repeated_key: Option<usize>,
}

/// Scans a text. Invalid JSON stays invalid.
pub(super) fn scan(json: &[u8]) -> Scanned<'_> {
    let mut scan =
        Scan { json, open: Vec::new(), reported: 0, inexact: Vec::new(), refused: Vec::new(), repeated_key: None };
    scan.run();
    let Scan { inexact, refused, repeated_key, .. } = scan;
    if refused.is_empty() {
        return Scanned { text: Cow::Borrowed(json), inexact, repeated_key };
    }
    let mut text = Vec::with_capacity(json.len());
    let mut from = 0;
    for Range { start, end } in refused {
        text.extend_from_slice(&json[from..start]);
        text.push(b'0');
        from = end;
    }
    text.extend_from_slice(&json[from..]);
    Scanned { text: Cow::Owned(text), inexact, repeated_key }
}

/// An object or array that is open at a place in the text.
enum Open {
    /// An object: its keys so far, the last one of them, and whether the next string is a key.
    Object { keys: HashSet<String>, last: String, comes_key: bool },
    /// An array: the index of the current item.
    Array(usize),
}

struct Scan<'j> {
    json: &'j [u8],
    open: Vec<Open>,
    /// Bytes of all pointers so far.
    reported: usize,
    inexact: Vec<Inexact>,
    refused: Vec<Range<usize>>,
    repeated_key: Option<usize>,
}

impl Scan<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(&byte) = self.json.get(at) {
            at = match byte {
                b'"' => self.string(at),
                b'-' | b'0'..=b'9' => self.number(at),
                _ => self.mark(byte, at),
            };
        }
    }

    fn mark(&mut self, byte: u8, at: usize) -> usize {
        match (byte, self.open.last_mut()) {
            (b'{', _) => self.open.push(Open::Object { keys: HashSet::new(), last: String::new(), comes_key: true }),
            (b'[', _) => self.open.push(Open::Array(0)),
            (b'}' | b']', _) => drop(self.open.pop()),
            (b',', Some(Open::Array(index))) => *index += 1,
            (b',', Some(Open::Object { comes_key, .. })) => *comes_key = true,
            _ => {}
        }
        at + 1
    }

    /// Passes a string, which may be the key of a member. Returns where it ends.
    fn string(&mut self, start: usize) -> usize {
        let mut end = start + 1;
        while let Some(&byte) = self.json.get(end) {
            end += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        let end = end.min(self.json.len());
        if let Some(Open::Object { keys, last, comes_key: comes_key @ true }) = self.open.last_mut() {
            let key: String = serde_json::from_slice(&self.json[start..end]).unwrap_or_default();
            if !keys.insert(key.clone()) {
                self.repeated_key.get_or_insert(end);
            }
            (*last, *comes_key) = (key, false);
        }
        end
    }

    fn number(&mut self, start: usize) -> usize {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let end = start + self.json[start..].iter().take_while(is_part).count();
        let literal = str::from_utf8(&self.json[start..end]).unwrap_or_default();
        // The parser itself refuses what is not a number.
        if let Err(error) = check_number(literal)
            && serde_json::from_str::<IgnoredAny>(literal).is_ok()
        {
            self.report(literal.to_owned(), error);
            self.refused.push(start..end);
        }
        end
    }

    fn report(&mut self, literal: String, error: ValueError) {
        if self.inexact.len() == MAX_REPORTED || self.reported > self.json.len() {
            return;
        }
        let pointer = self.pointer();
        self.reported += pointer.len();
        self.inexact.push(Inexact { pointer, literal, error });
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for open in &self.open {
            match open {
                Open::Array(index) => {
                    let _ = write!(pointer, "/{index}");
                }
                Open::Object { last, .. } => pointer.extend(["/", &last.replace('~', "~0").replace('/', "~1")]),
            }
        }
        pointer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn pointers(json: &str) -> Vec<String> {
        scan(json.as_bytes()).inexact.into_iter().map(|inexact| inexact.pointer).collect()
    }

    #[test]
    fn each_refused_number_is_pointed_to() {
        for (json, expected) in [
            (r#"{"a":1,"b":[1.0,0.1,-7],"c":"1e999"}"#, vec![]),
            (r#"{"n":123456789012345678901234}"#, vec!["/n"]),
            (
                r#"{"metadata":{"a":[0,{"b/c~\u0041\"":1e400}],"d":-0},"e":"\\","f":1e-400}"#,
                vec!["/metadata/a/1/b~1c~0A\"", "/metadata/d", "/f"],
            ),
            ("[1e999, {}, [[1], 1e999]]", vec!["/0", "/2/1"]),
            ("-0.0", vec![""]),
        ] {
            assert_eq!(pointers(json), expected, "{json}");
        }
        let many = format!("[{}]", vec!["1e999"; 500].join(","));
        assert_eq!(pointers(&many).len(), MAX_REPORTED);
        let long = format!("{{\"{}\":[{}]}}", "x".repeat(5000), vec!["1e999"; 90].join(","));
        assert!(pointers(&long).iter().map(String::len).sum::<usize>() < 3 * long.len());
    }

    #[test]
    fn only_the_refused_become_zeros() {
        let scanned = scan(br#"{"a":[1e999,2],"b":"1e999","c":-0}"#);
        assert_eq!(&*scanned.text, br#"{"a":[0,2],"b":"1e999","c":0}"#);
        assert_eq!(scanned.inexact[0].literal, "1e999");
        for broken in
            ["{\"a\":1e400.}", "{\"a\":--0}", "{\"a\":-}", "{\"a\":01e400}", "{\"a", "\"\\", "]}", "{\"a\":1e}"]
        {
            assert_eq!(&*scan(broken.as_bytes()).text, broken.as_bytes(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_in_is_valid_or_not_as_before(json in "[\\[\\]{}:,\"\\\\ 01e.+-]{0,40}|\\PC{0,20}") {
            let text = scan(json.as_bytes()).text;
            let is_valid = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
            prop_assert_eq!(is_valid(&text), is_valid(json.as_bytes()));
        }

        #[test]
        fn what_is_left_is_parsed_without_loss(literal in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let json = format!("{{\"n\":{literal}}}");
            let Scanned { text, inexact, .. } = scan(json.as_bytes());
            let value: Value = serde_json::from_slice(&text).unwrap();
            let written = value["n"].to_string();
            prop_assert!(!inexact.is_empty() || check_number(&written).is_ok());
        }
    }
}
