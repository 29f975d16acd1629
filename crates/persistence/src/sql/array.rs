//! Arrays of `PostgreSQL` as text (its manual, section 8.15.6).

use std::fmt::{Display, Write as _};

use chrono::SecondsFormat;
use sea_orm::{DbErr, Value};

/// The text of an array, element by element.
#[derive(Default)]
pub(super) struct Array(String);

impl Array {
    pub(super) fn push(&mut self, value: Value) -> Result<(), DbErr> {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        match value {
            Value::Uuid(Some(id)) => self.show(id.as_hyphenated()),
            Value::Bool(Some(is_so)) => self.show(is_so),
            Value::BigInt(Some(number)) => self.show(number),
            Value::ChronoDateTimeUtc(Some(at)) => self.0.push_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            Value::String(Some(text)) => self.quote(&text),
            Value::Json(Some(json)) => self.quote(&json.to_string()),
            Value::Uuid(None) | Value::String(None) | Value::ChronoDateTimeUtc(None) => self.0.push_str("NULL"),
            // Not shown: it may be a secret.
            _ => return Err(DbErr::Type("a value that no array has a place for".to_owned())),
        }
        Ok(())
    }

    fn show(&mut self, value: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{value}");
    }

    fn quote(&mut self, text: &str) {
        self.0.reserve(text.len() + 2);
        self.0.push('"');
        for part in text.split_inclusive(['"', '\\']) {
            match part.as_bytes().last() {
                Some(b'"' | b'\\') => {
                    self.0.push_str(&part[..part.len() - 1]);
                    self.0.push('\\');
                    self.0.push_str(&part[part.len() - 1..]);
                }
                _ => self.0.push_str(part),
            }
        }
        self.0.push('"');
    }

    pub(super) fn into_text(self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn text(values: impl IntoIterator<Item = Value>) -> String {
        let mut array = Array::default();
        values.into_iter().for_each(|value| array.push(value).unwrap());
        array.into_text()
    }

    #[test]
    fn elements_are_apart_and_those_that_are_text_are_quoted() {
        assert_eq!(text([]), "{}");
        assert_eq!(text([true.into(), false.into()]), "{true,false}");
        assert_eq!(text([7_i64.into(), (-1_i64).into()]), "{7,-1}");
        let id = Uuid::from_u128(1);
        assert_eq!(text([id.into(), Option::<Uuid>::None.into()]), format!("{{{id},NULL}}"));
        let texts = ["", "NULL", "a,b", "{}", r#"a"b\c"#, "\"", "\\", "Ўктам\n"];
        let quoted = r#"{"","NULL","a,b","{}","a\"b\\c","\"","\\","Ўктам
"}"#;
        assert_eq!(text(texts.map(Into::into)), quoted);
        let json = serde_json::json!({ "a": "\"\\" });
        assert_eq!(text([json.into()]), r#"{"{\"a\":\"\\\"\\\\\"}"}"#);
        let at = chrono::DateTime::from_timestamp_micros(1).unwrap();
        assert_eq!(text([at.into()]), "{1970-01-01T00:00:00.000001Z}");
    }

    #[test]
    fn what_has_no_place_in_an_array_is_an_error() {
        assert!(Array::default().push(Value::Bytes(Some(vec![1]))).is_err());
    }
}
