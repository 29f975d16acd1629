//! The one way in for JSON: an object on top, no duplicate keys, the right
//! media type, at most 64 KiB, all of it within the time that the settings give.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use auth::PasswordPolicy;
use formats::json::parse_object;
use futures_util::StreamExt;
use futures_util::future::{Ready, ready};

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
        let request = T::from_fields(&mut fields, services.auth.passwords.policy());
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
    request.app_data::<Data<Services>>().map_or(Duration::ZERO, |services| services.body_timeout)
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

/// The fields of a JSON object. A number that would not come back as it is, is noted as wrong.
fn parse_fields(bytes: &[u8]) -> Result<Fields, Problem> {
    parse_object(bytes).map(Fields::from).map_err(|error| Problem::new(Code::MalformedJson, error.to_string()))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod parsing_tests {
    use actix_web::test::TestRequest;

    use super::*;

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
}
