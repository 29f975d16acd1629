//! Bodies as they arrive, whatever is in them.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use futures_util::StreamExt;

use crate::extract::media_type::check_media_type;
use crate::problem::{Code, Problem, Result};
use crate::services::Services;

/// Most bytes of a body that is not a file.
const MAX_BYTES: usize = 64 * 1024;

/// A body that is not read yet, and how long it may take.
pub(super) struct Body {
    pub(super) request: HttpRequest,
    pub(super) payload: Payload,
    /// From the first byte to the last; for a file, for each part of it.
    pub(super) timeout: Duration,
}

impl Body {
    pub(super) fn of(request: &HttpRequest, payload: &mut Payload) -> Result<Self> {
        let timeout = Services::of(request)?.body_timeout;
        Ok(Self { request: request.clone(), payload: payload.take(), timeout })
    }

    /// The whole body of at most 64 KiB, if it has one of these media types.
    pub(super) async fn bytes(self, media_types: &[&str]) -> Result<Vec<u8>> {
        check_media_type(&self.request, media_types)?;
        tokio::time::timeout(self.timeout, collect(&self.request, self.payload))
            .await
            .map_err(|_| Problem::new(Code::RequestTimeout, "the body took too long to arrive"))?
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
