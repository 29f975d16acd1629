//! Strict JSON: one object, each key once, no number that the parser would change.

mod numbers;

use std::fmt;

use domain::ValueError;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

pub use numbers::Inexact;

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
    /// It is not JSON, or an object in it has a key twice.
    Malformed(serde_json::Error),
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the body must be a JSON object"),
            // The message of serde would show our types; the place is enough to correct the text.
            Self::Malformed(error) => {
                write!(f, "not valid JSON at line {}, column {}", error.line(), error.column())?;
                if error.is_data() { f.write_str(": a key appears twice") } else { Ok(()) }
            }
        }
    }
}

/// Reads one JSON object without duplicate keys at any level.
pub fn parse_object(json: &[u8]) -> Result<Object, ObjectError> {
    let (json, inexact) = numbers::set_aside(json);
    match serde_json::from_slice(&json) {
        Ok(Strict(Value::Object(members))) => Ok(Object { members, inexact }),
        Ok(_) => Err(ObjectError::NotAnObject),
        Err(error) => Err(ObjectError::Malformed(error)),
    }
}

/// Reads the text of a cell as one JSON object.
pub(crate) fn parse_cell(text: &str) -> Result<Map<String, Value>, ValueError> {
    let Object { members, inexact } = parse_object(text.as_bytes()).map_err(|error| match error {
        ObjectError::NotAnObject => ValueError::new("wrong_type", "must be an object"),
        ObjectError::Malformed(_) => {
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

/// A JSON value whose objects have each key once; `serde_json::Value` keeps the last one silently.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom("duplicate key"));
            }
            let Strict(value) = members.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
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

    proptest! {
        #[test]
        fn whatever_comes_in_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_object(&bytes);
        }
    }
}
