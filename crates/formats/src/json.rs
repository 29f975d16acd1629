//! Strict JSON: one object, each key once, no number that the parser would change.

mod scan;

use std::fmt;

use domain::ValueError;
use serde_json::{Map, Value};

pub use scan::Inexact;
use scan::{Scanned, scan};

/// A JSON object that was read strictly.
#[derive(Debug)]
pub struct Object {
    /// Its members; a zero stands for each number that is refused.
    pub members: Map<String, Value>,
    /// The first hundred numbers that are refused.
    pub inexact: Vec<Inexact>,
}

/// Why a text is not read.
#[derive(Debug)]
pub enum ObjectError {
    /// It is JSON, but no object.
    NotAnObject,
    /// It is not JSON. The message of serde would show our types; the place is enough to correct the text.
    Malformed { line: usize, column: usize },
    /// An object in it has a key twice.
    RepeatedKey { line: usize, column: usize },
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the body must be a JSON object"),
            Self::Malformed { line, column } => write!(f, "not valid JSON at line {line}, column {column}"),
            Self::RepeatedKey { line, column } => {
                write!(f, "not valid JSON at line {line}, column {column}: a key appears twice")
            }
        }
    }
}

/// Reads one JSON object without duplicate keys at any level.
pub fn parse_object(json: &[u8]) -> Result<Object, ObjectError> {
    let Scanned { text, inexact, repeated_key } = scan(json);
    let value = serde_json::from_slice(&text)
        .map_err(|error| ObjectError::Malformed { line: error.line(), column: error.column() })?;
    if let Some(end) = repeated_key {
        let lines = json[..end].split(|byte| *byte == b'\n');
        let (line, column) = lines.fold((0, 0), |(line, _), text| (line + 1, text.len()));
        return Err(ObjectError::RepeatedKey { line, column });
    }
    match value {
        Value::Object(members) => Ok(Object { members, inexact }),
        _ => Err(ObjectError::NotAnObject),
    }
}

/// Reads the text of a cell as one JSON object.
pub(crate) fn parse_cell(text: &str) -> Result<Map<String, Value>, ValueError> {
    let Object { members, inexact } = parse_object(text.as_bytes()).map_err(|error| match error {
        ObjectError::NotAnObject => ValueError::new("wrong_type", "must be an object"),
        ObjectError::Malformed { .. } | ObjectError::RepeatedKey { .. } => {
            ValueError::new("malformed_json", "must be a JSON object in which no key appears twice")
        }
    })?;
    match inexact.into_iter().next() {
        Some(Inexact { pointer, error, .. }) => {
            let pointer: String = pointer.chars().take(100).collect();
            Err(ValueError::new(error.code, format!("the number at {pointer} {}", error.detail)))
        }
        None => Ok(members),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether the text is one clean object.
    fn is_clean(json: &[u8]) -> bool {
        parse_object(json).is_ok_and(|object| object.inexact.is_empty())
    }

    #[test]
    fn only_one_clean_object_is_taken() {
        for good in ["{}", " {\"a\": [1, 2.5, -3, \"x\", null, true, {\"a\": {}}]} "] {
            assert!(is_clean(good.as_bytes()), "{good}");
        }
        let deep = format!("{}{}", "{\"a\":".repeat(200), "1");
        for bad in [
            "",
            "[]",
            "null",
            "1",
            "\"a\"",
            "{",
            "{} {}",
            "{\"a\":1,\"a\":1}",
            "{\"b\":{\"a\":1,\"a\":2}}",
            "{\"a\":1e999}",
            "{\"a\":\"\\ud800\"}",
            "{a:1}",
            &deep,
        ] {
            assert!(!is_clean(bad.as_bytes()), "{bad}");
        }
        assert!(!is_clean(b"{\"a\":\"\xff\"}"));
    }

    #[test]
    fn a_repeated_key_is_found_at_any_level_and_however_it_is_spelled() {
        for (json, place) in [
            ("{\"a\":1,\"a\":1}", "line 1, column 10"),
            ("{\"a\":1,\n \"\\u0061\":1}", "line 2, column 9"),
            ("{\"n\":-0,\"b\":[{\"a\":{}, \"b\":1, \"a\":2}]}", "line 1, column 32"),
            ("[{\"a\":1,\"a\":1}]", "line 1, column 11"),
        ] {
            let error = parse_object(json.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, format!("not valid JSON at {place}: a key appears twice"), "{json}");
        }
        for json in ["{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}],\"A\":1,\"c\":\"a\"}", "{\"a\":{},\"b\":{\"a\":1}}"]
        {
            assert!(is_clean(json.as_bytes()), "{json}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_in_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_object(&bytes);
        }
    }
}
