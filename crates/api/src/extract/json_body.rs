//! JSON bodies: one object without duplicate keys, of the right media type, of at most 64 KiB, received within the time
//! that the settings give.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use auth::PasswordPolicy;
use formats::json::parse_object;
use futures_util::StreamExt;

use crate::extract::fields::Fields;
use crate::extract::media_type::check_media_type;
use crate::problem::{Code, Problem, Result};
use crate::services::Services;

/// Most bytes of a JSON body.
const MAX_BYTES: usize = 64 * 1024;

/// Bodies of requests, described by the functions that read them.
macro_rules! bodies {
    ($($name:ident = $read:expr, $about:expr;)+) => {$(
        $crate::schema::component!($name, [], {
            $crate::schema::object($about, &$crate::extract::fields::Fields::asked_by($read))
        });
    )+};
}
pub(crate) use bodies;

/// A body that is not read yet, and how long it may take.
pub(super) struct Body {
    request: HttpRequest,
    payload: Payload,
    timeout: Duration,
}

impl Body {
    pub(super) fn of(request: &HttpRequest, payload: &mut Payload) -> Result<Self> {
        let timeout = Services::of(request)?.body_timeout;
        Ok(Self { request: request.clone(), payload: payload.take(), timeout })
    }

    /// The whole body, if it has one of these media types.
    pub(super) async fn bytes(self, media_types: &[&str]) -> Result<Vec<u8>> {
        check_media_type(&self.request, media_types)?;
        tokio::time::timeout(self.timeout, collect(&self.request, self.payload))
            .await
            .map_err(|_| Problem::new(Code::RequestTimeout, "the body took too long to arrive"))?
    }
}

/// A body that is not read yet, so that a handler can refuse the caller first.
pub(crate) struct JsonBody {
    body: Body,
    passwords: PasswordPolicy,
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::of(request, payload);
        let passwords = Services::of(request).map(|services| services.auth.passwords.policy());
        ready(body.and_then(|body| Ok(Self { body, passwords: passwords? })))
    }
}

impl JsonBody {
    /// Reads the body with a reader of its fields.
    pub(crate) async fn read<T>(self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T> {
        self.fields().await?.read(read)
    }

    /// Reads the body as fields that are not checked yet.
    pub(crate) async fn fields(self) -> Result<Fields> {
        self.fields_of(&["application/json"]).await
    }

    /// Reads a merge patch (RFC 7396), which may have its own media type.
    pub(crate) async fn patch_fields(self) -> Result<Fields> {
        self.fields_of(&["application/json", "application/merge-patch+json"]).await
    }

    async fn fields_of(self, media_types: &[&str]) -> Result<Fields> {
        let bytes = self.body.bytes(media_types).await?;
        let object = parse_object(&bytes).map_err(|error| Problem::new(Code::MalformedJson, error.to_string()))?;
        Ok(Fields::of_body(object, self.passwords))
    }
}

/// The length of the body that the client announces.
pub(super) fn announced_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>> {
    let too_large = || Problem::new(Code::PayloadTooLarge, "a body may have at most 65536 bytes");
    if announced_length(request).is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest, "the body ended too early"))?;
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
