//! The one way in for JSON: an object on top, no duplicate keys, the right
//! media type, at most 64 KiB, all of it within the time that the settings give.

mod numbers;

use std::fmt;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use auth::PasswordPolicy;
use domain::ValueError;
use futures_util::StreamExt;
use futures_util::future::{Ready, ready};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

pub(crate) use numbers::Inexact;

use crate::extract::fields::Fields;
use crate::problem::{Code, Problem};
use crate::services::Services;

/// Most bytes of a JSON body.
const MAX_BYTES: usize = 64 * 1024;

/// A request that reads itself from a form.
pub(crate) trait FromFields: Sized {
    /// Takes the fields out; `None` when any is wrong, which the form has noted.
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self>;
}

/// A body that has not been read yet, so that a handler can refuse the caller first.
pub(crate) struct JsonBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl JsonBody {
    /// Reads the body as a request of this type.
    pub(crate) async fn read<T: FromFields>(self, services: &Services) -> Result<T, Problem> {
        let mut fields = self.fields().await?;
        let request = T::from_fields(&mut fields, services.authentication.settings().passwords);
        fields.finish(request)
    }

    /// Reads the body as a form whose fields have not been looked at.
    pub(crate) async fn fields(self) -> Result<Fields, Problem> {
        self.fields_of(&["application/json"]).await
    }

    /// The same of a merge patch (RFC 7396), which has a media type of its own too.
    pub(crate) async fn patch_fields(self) -> Result<Fields, Problem> {
        self.fields_of(&["application/json", "application/merge-patch+json"]).await
    }

    async fn fields_of(self, media_types: &[&str]) -> Result<Fields, Problem> {
        check_media_type(&self.request, media_types)?;
        let bytes = tokio::time::timeout(time(&self.request), collect(&self.request, self.payload))
            .await
            .map_err(|_| Problem::new(Code::RequestTimeout, "the body took too long to arrive"))??;
        parse_fields(&bytes)
    }
}

/// How long the body may take to arrive.
fn time(request: &HttpRequest) -> Duration {
    request.app_data::<Data<Services>>().map_or(Duration::ZERO, |services| services.body_time)
}

pub(crate) fn check_media_type(request: &HttpRequest, taken: &[&str]) -> Result<(), Problem> {
    let refused = || Problem::new(Code::UnsupportedMediaType, format!("send the body as {}", taken.join(" or ")));
    let is_encoded = |value: &header::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(header::CONTENT_ENCODING).any(is_encoded) {
        return Err(Problem::new(Code::UnsupportedMediaType, "send the body without a content encoding"));
    }
    let value = request.headers().get(header::CONTENT_TYPE).ok_or_else(refused)?;
    let text = value.to_str().map_err(|_| refused())?;
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let charset_is_utf8 = parameters.split(';').filter_map(|p| p.split_once('=')).all(|(name, value)| {
        let value = value.trim().trim_matches('"');
        // Both spellings are about.
        let is_utf8 = value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8");
        is_utf8 || !name.trim().eq_ignore_ascii_case("charset")
    });
    let is_taken = taken.iter().any(|media_type| essence.trim().eq_ignore_ascii_case(media_type));
    if is_taken && charset_is_utf8 { Ok(()) } else { Err(refused()) }
}

async fn collect(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(Code::PayloadTooLarge, "a body may have at most 65536 bytes");
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest, "the body broke off"))?;
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Parses one JSON object without duplicate keys at any level.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(_) => Err(Problem::new(Code::MalformedJson, "the body must be a JSON object")),
        Err(error) => {
            // serde's own words would show what we look for; the place is enough to mend it.
            let detail = format!("not valid JSON at line {}, column {}", error.line(), error.column());
            let duplicate = error.is_data();
            let detail = if duplicate { format!("{detail}: a key appears twice") } else { detail };
            Err(Problem::new(Code::MalformedJson, detail))
        }
    }
}

/// The fields of a JSON object. A number that would not come back as it is, is noted as wrong.
fn parse_fields(bytes: &[u8]) -> Result<Fields, Problem> {
    let (bytes, inexact) = numbers::set_aside(bytes);
    Ok(Fields::with_inexact(parse_object(&bytes)?, inexact))
}

/// The same of a text that stands in something else, such as a cell.
pub(crate) fn parse_object_text(text: &str) -> Result<Map<String, Value>, ValueError> {
    let (bytes, inexact) = numbers::set_aside(text.as_bytes());
    match serde_json::from_slice(&bytes) {
        Ok(Strict(Value::Object(object))) => match inexact.into_iter().next() {
            Some(Inexact { pointer, error, .. }) => {
                let pointer: String = pointer.chars().take(100).collect();
                Err(ValueError::new(error.code, format!("the number at {pointer} {}", error.detail)))
            }
            None => Ok(object),
        },
        Ok(_) => Err(ValueError::new("wrong_type", "must be an object")),
        Err(_) => Err(ValueError::new("malformed_json", "must be a JSON object in which no key appears twice")),
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

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
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
mod tests;

#[cfg(test)]
mod parsing_tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_one_clean_object_is_taken() {
        for good in ["{}", " {\"a\": [1, 2.5, -3, \"x\", null, true, {\"a\": {}}]} "] {
            assert!(parse_object(good.as_bytes()).is_ok(), "{good}");
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
            assert!(parse_object(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn only_json_is_taken() {
        for (content_type, ok) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json;charset=utf8", true),
            ("application/json; charset=latin1", false),
            ("text/json", false),
            ("application/vnd.api+json", false),
            ("application/jsonx", false),
            ("text/plain", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header(("content-type", content_type)).to_http_request();
            assert_eq!(check_media_type(&request, &["application/json"]).is_ok(), ok, "{content_type}");
        }
        assert!(check_media_type(&TestRequest::default().to_http_request(), &["application/json"]).is_err());
        let patch = ("content-type", "application/merge-patch+json; charset=utf-8");
        let patch = TestRequest::default().insert_header(patch).to_http_request();
        assert!(check_media_type(&patch, &["application/json"]).is_err());
        assert!(check_media_type(&patch, &["application/json", "application/merge-patch+json"]).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_comes_in_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_object(&bytes);
        }
    }
}
