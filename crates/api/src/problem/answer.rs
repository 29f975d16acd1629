//! Errors as answers.

use std::borrow::Cow;
use std::fmt;
use std::io;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use domain::store::StoreError;
use domain::{ErrorChain, Field, ValueError};
use serde::Serialize;
use utoipa::ToSchema;

use super::code::Code;
use super::field_error::FieldError;
use crate::middleware::rate_limit::headers::RateLimit;

/// How long a caller should wait when the database or the hash queue is busy, in seconds.
const RETRY_SECONDS: u64 = 1;
const UNAVAILABLE: &str = "the service cannot answer at the moment, try again";
/// Most errors of one answer. More do not help a client to correct its request.
const MAX_ERRORS: usize = domain::import::MAX_ERRORS;

/// An error that is about to be answered.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    /// A box keeps every `Result<_, Problem>` small.
    body: Box<ProblemBody>,
    retry_after: Option<u64>,
    limit: Option<Box<RateLimit>>,
    /// Whether the request brought an access token that was refused.
    token_was_refused: bool,
}

/// The JSON of a [`Problem`] (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Identifies the kind of problem: `urn:clientele:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:clientele:problem:validation_failed")]
    kind: String,
    /// The same for every problem of this kind.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
    /// Stable name of the kind; `docs/errors.md` lists all.
    #[schema(example = "validation_failed")]
    code: &'static str,
    /// The `X-Request-Id`, which the log has too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    request_id: Option<String>,
    /// Every field that is not acceptable, or the first 100 of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// With `invalid_code`: how many more codes can be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tries_left: Option<u8>,
    /// With `has_customers`: how many customers are still assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customers: Option<u64>,
    /// With `errors`: how many more there are than the first 100, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors_omitted: Option<u32>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let body = ProblemBody {
            kind: format!("urn:clientele:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str(),
            request_id: None,
            errors: Vec::new(),
            tries_left: None,
            customers: None,
            errors_omitted: None,
        };
        Self { code, body: Box::new(body), retry_after: None, limit: None, token_was_refused: false }
    }

    /// Fields that are not acceptable, all at once.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let problem = match errors.len() {
            1 => Self::new(Code::ValidationFailed, "one field is not acceptable"),
            n => Self::new(Code::ValidationFailed, format!("{n} fields are not acceptable")),
        };
        problem.with_errors(errors, 0)
    }

    /// Lines of a file that are not acceptable, and how many more errors there are.
    pub(crate) fn invalid_lines(errors: Vec<FieldError>, omitted: u64) -> Self {
        let count = errors.len() as u64 + omitted;
        let detail = format!("nothing was imported; errors in the file: {count}");
        Self::new(Code::ValidationFailed, detail).with_errors(errors, omitted)
    }

    /// The first errors, and how many more there are.
    fn with_errors(mut self, mut errors: Vec<FieldError>, omitted: u64) -> Self {
        let omitted = omitted + errors.len().saturating_sub(MAX_ERRORS) as u64;
        errors.truncate(MAX_ERRORS);
        self.body.errors = errors;
        self.body.errors_omitted = Some(u32::try_from(omitted).unwrap_or(u32::MAX)).filter(|omitted| *omitted > 0);
        self
    }

    /// The service is busy. The caller may come back after so many seconds.
    pub(crate) fn busy(detail: &'static str, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::Unavailable, detail) }
    }

    /// Fields that the caller may not set.
    pub(crate) fn forbidden_fields(fields: &[Field]) -> Self {
        let error = || ValueError::new("forbidden", "not yours to set, or not to this value");
        let errors = fields.iter().map(|field| FieldError::new(field.as_str(), error())).collect();
        Self::new(Code::Forbidden, "a field is not yours to set, or not to this value").with_errors(errors, 0)
    }

    /// The manager still has this many customers.
    pub(super) fn has_customers(customers: u64) -> Self {
        let mut problem = Self::new(Code::HasCustomers, "the manager looks after customers: hand them over first");
        problem.body.customers = Some(customers);
        problem
    }

    /// The code is not valid. `tries_left` more can be tried.
    pub(super) fn invalid_code(tries_left: Option<u8>) -> Self {
        let mut problem = Self::new(Code::InvalidCode, "the code is wrong, spent or expired");
        problem.body.tries_left = tries_left;
        problem
    }

    pub(super) fn key_reused() -> Self {
        let error = ValueError::new("reused", "belongs to another request of the last 24 hours");
        let problem = Self::new(Code::IdempotencyKeyReused, "send another request under another Idempotency-Key");
        problem.with_errors(vec![FieldError::new("Idempotency-Key", error)], 0)
    }

    /// The access token is missing or not valid.
    pub(crate) fn invalid_token() -> Self {
        Self::new(Code::InvalidToken, "send a valid access token as Authorization: Bearer")
    }

    /// The same problem, for a request that had a token.
    pub(crate) fn about_a_token(self) -> Self {
        Self { token_was_refused: self.code == Code::InvalidToken, ..self }
    }

    /// No such record, or not for this caller.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here for you")
    }

    /// Too many requests or attempts.
    pub(crate) fn rate_limited(limit: RateLimit) -> Self {
        let detail = "too many attempts, try again later";
        Self {
            retry_after: Some(limit.reset.max(1)),
            limit: Some(Box::new(limit)),
            ..Self::new(Code::RateLimited, detail)
        }
    }

    /// An internal error. It is logged here and nowhere else.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %ErrorChain(error), "request failed");
        Self::new(Code::Internal, "the request could not be carried out")
    }

    /// No request can be served at the moment. Logged here and nowhere else.
    pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error = %ErrorChain(error), "temporarily unavailable");
        Self::busy(UNAVAILABLE, RETRY_SECONDS)
    }

    /// A file that cannot be stored or read, most often because the disk is full.
    pub(crate) fn unreadable_file(error: io::Error) -> Self {
        StoreError::Unavailable(Box::new(error)).into()
    }

    pub(crate) fn with_request_id(mut self, id: &str) -> Self {
        self.body.request_id = Some(id.to_owned());
        self
    }

    /// The problem for an error of the framework that has only a status.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::invalid_token(),
            404 => Self::not_found(),
            405 => Self::new(Code::MethodNotAllowed, "this resource does not support the method"),
            408 => Self::new(Code::RequestTimeout, "the request took too long to arrive"),
            413 => Self::new(Code::PayloadTooLarge, "the body is too large"),
            415 => Self::new(Code::UnsupportedMediaType, "send application/json"),
            503 => Self::busy(UNAVAILABLE, RETRY_SECONDS),
            400..500 => Self::new(Code::BadRequest, "the request is malformed"),
            _ => Self::new(Code::Internal, "the request could not be carried out"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.body.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.code.status() == 401 {
            // RFC 6750 section 3.1: `error` is only for a request that had a token.
            let challenge = if self.token_was_refused { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        let body = serde_json::to_string(&self.body).unwrap_or_default();
        let mut response = response.content_type("application/problem+json").body(body);
        if let Some(limit) = &self.limit {
            limit.add_to(response.headers_mut());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::super::field_error::MAX_NAME;
    use super::*;

    #[test]
    fn an_answer_names_a_hundred_errors_and_no_long_names() {
        let wrong = || ValueError::new("unknown_field", "there is no such field here");
        let errors = |count: usize| (0..count).map(|_| FieldError::new(&"é/".repeat(500), wrong())).collect();
        for (problem, told, omitted) in [
            (Problem::invalid(errors(100)), 100, 0),
            (Problem::invalid(errors(20_000)), 100, 19_900),
            (Problem::invalid_lines(errors(101), 7), 100, 8),
        ] {
            let body = problem.body;
            assert_eq!((body.errors.len(), body.errors_omitted.unwrap_or_default()), (told, omitted));
            assert!(body.errors[0].pointer.chars().count() <= 1 + 2 * MAX_NAME + 1);
            assert!(body.errors[0].pointer.ends_with('…'));
        }
        assert_eq!(FieldError::new("assigned_manager_id", wrong()).pointer, "/assigned_manager_id");
    }
}
