//! Errors as the caller sees them: RFC 9457 `application/problem+json`.
//!
//! Only this module knows status codes of errors. A failure is logged once,
//! where it becomes a [`Problem`].

use std::borrow::Cow;
use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use auth::AuthError;
use domain::store::StoreError;
use domain::{Error, Field, ValueError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::middleware::rate_limit::RateLimit;

/// How long a caller should wait when the database or the hash queue is busy, in seconds.
const RETRY_SECONDS: u64 = 1;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)+) => {
        /// What went wrong, by a name that stays.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// The name, stable.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The same for every problem of this code.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The body is not one JSON object.
    MalformedJson = 400 "malformed_json" "The body is not a JSON object";
    /// The request line, a header or the URL is not what it must be.
    BadRequest = 400 "bad_request" "The request is malformed";
    /// No access token, or one that is not good.
    InvalidToken = 401 "invalid_token" "A valid access token is needed";
    /// Wrong e-mail, wrong password or no such account.
    InvalidCredentials = 401 "invalid_credentials" "Wrong e-mail or password";
    /// Wrong, spent or expired one-time code.
    InvalidCode = 401 "invalid_code" "The code is not valid";
    /// The setup token is wrong, spent or no longer needed.
    InvalidSetupToken = 401 "invalid_setup_token" "The setup token is not valid";
    /// Right password, but the account is not active.
    AccountInactive = 403 "account_inactive" "The account is not active";
    /// The caller's role may not do this, or not set this field.
    Forbidden = 403 "forbidden" "Not allowed";
    /// The caller has to give their password again first (`POST /auth/reauthenticate`).
    ReauthenticationRequired = 403 "reauthentication_required" "The password has to be given again first";
    /// Sign-up is closed by policy.
    SignupClosed = 403 "signup_closed" "Sign-up is closed";
    /// No such record, or not for this caller.
    NotFound = 404 "not_found" "Not found";
    /// The resource knows other methods.
    MethodNotAllowed = 405 "method_not_allowed" "Method not allowed";
    /// The request took too long to arrive.
    RequestTimeout = 408 "request_timeout" "The request took too long to arrive";
    /// Another account has this e-mail.
    EmailTaken = 409 "email_taken" "The e-mail is already taken";
    /// Another customer has this phone.
    PhoneTaken = 409 "phone_taken" "The phone is already taken";
    /// Without this admin there would be no active one.
    LastAdmin = 409 "last_admin" "The last active admin stays";
    /// The manager's customers have to be handed over first; `customers` says how many.
    HasCustomers = 409 "has_customers" "The manager has customers";
    /// A customer and a staff member don't turn into each other.
    RoleChangeNotAllowed = 409 "role_change_not_allowed" "Customers and staff don't turn into each other";
    /// Another request changed the same thing first.
    Conflict = 409 "conflict" "The record has changed";
    /// The record is not in a state that `If-Match` names.
    PreconditionFailed = 412 "precondition_failed" "The record has changed";
    /// The body is larger than 64 KiB.
    PayloadTooLarge = 413 "payload_too_large" "The body is too large";
    /// The body is not `application/json`.
    UnsupportedMediaType = 415 "unsupported_media_type" "Unsupported media type";
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused = 422 "idempotency_key_reused" "The idempotency key was used for another request";
    /// Fields are missing, unknown or not acceptable; `errors` names each.
    ValidationFailed = 422 "validation_failed" "Some fields are not acceptable";
    /// Too many requests or attempts; `Retry-After` tells when to come back.
    RateLimited = 429 "rate_limited" "Too many requests";
    /// A fault of the service; the log has it under the `request_id`.
    Internal = 500 "internal" "Something went wrong on our side";
    /// The database is away or everything is busy; try again.
    Unavailable = 503 "unavailable" "Temporarily unavailable";
}

/// Most errors of one answer. What a client sends is small, and its answer is to be no larger than needed to mend it.
const MAX_ERRORS: usize = domain::import::MAX_ERRORS;
/// Longest name of a field that is given back, in characters. All of ours are shorter.
const MAX_NAME: usize = 64;

/// One field that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// On which line of an imported file; the header is line 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) line: Option<u64>,
    /// Where in the body, as a JSON pointer (RFC 6901); for a query parameter, its name after a slash.
    #[schema(example = "/email")]
    pub(crate) pointer: String,
    /// Stable name of what is wrong.
    #[schema(value_type = String, example = "invalid_email")]
    pub(crate) code: &'static str,
    /// What is wrong, for people.
    #[schema(value_type = String, example = "not an e-mail address, such as name@example.com")]
    pub(crate) detail: Cow<'static, str>,
}

impl FieldError {
    /// A refusal of the field with this name.
    pub(crate) fn new(field: &str, error: ValueError) -> Self {
        let escaped = shortened(field).replace('~', "~0").replace('/', "~1");
        Self { line: None, pointer: format!("/{escaped}"), code: error.code, detail: error.detail }
    }

    /// A refusal of one member of a list.
    pub(crate) fn member(list: &str, index: usize, error: ValueError) -> Self {
        let list = Self::new(list, error);
        Self { pointer: format!("{}/{index}", list.pointer), ..list }
    }
}

/// A name that a client made up, cut to a length that helps to find it.
fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    tries_left: Option<u8>,
    customers: Option<u64>,
    /// Small, or every `Result` gets too large.
    errors_omitted: u32,
    retry_after: Option<u64>,
    limit: Option<Box<RateLimit>>,
    request_id: Option<String>,
    /// Whether an access token was offered, and refused.
    token_was_refused: bool,
}

/// The JSON of a [`Problem`] (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Identifies the kind of problem: `urn:clientele:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:clientele:problem:validation_failed")]
    kind: String,
    /// The same for every problem of this kind.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: &'a str,
    /// Stable name of the kind; `docs/api.md` lists all.
    #[schema(example = "validation_failed")]
    code: &'a str,
    /// The `X-Request-Id`, which the log has too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    request_id: Option<&'a str>,
    /// Every field that is not acceptable, or the first 100 of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
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
    /// A problem of this kind, told in one sentence.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            tries_left: None,
            customers: None,
            errors_omitted: 0,
            retry_after: None,
            limit: None,
            request_id: None,
            token_was_refused: false,
        }
    }

    /// Fields that are not acceptable, all at once.
    #[must_use]
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let problem = match errors.len() {
            1 => Self::new(Code::ValidationFailed, "one field is not acceptable"),
            n => Self::new(Code::ValidationFailed, format!("{n} fields are not acceptable")),
        };
        problem.with_errors(errors, 0)
    }

    /// One field that is not acceptable.
    #[must_use]
    pub(crate) fn invalid_field(field: &str, error: ValueError) -> Self {
        Self::invalid(vec![FieldError::new(field, error)])
    }

    /// Lines of a file that are not acceptable, and how many more errors there are.
    #[must_use]
    pub(crate) fn invalid_lines(errors: Vec<FieldError>, omitted: u64) -> Self {
        let count = errors.len() as u64 + omitted;
        let detail = format!("nothing was imported; errors in the file: {count}");
        Self::new(Code::ValidationFailed, detail).with_errors(errors, omitted)
    }

    /// The first errors, and how many more there are.
    fn with_errors(self, mut errors: Vec<FieldError>, omitted: u64) -> Self {
        let omitted = omitted + errors.len().saturating_sub(MAX_ERRORS) as u64;
        errors.truncate(MAX_ERRORS);
        Self { errors, errors_omitted: u32::try_from(omitted).unwrap_or(u32::MAX), ..self }
    }

    /// Too much of this is going on already.
    #[must_use]
    pub(crate) fn busy(detail: &'static str, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::Unavailable, detail) }
    }

    /// Fields that the caller may not set.
    #[must_use]
    pub(crate) fn forbidden_fields(fields: &[Field]) -> Self {
        let error = || ValueError::new("forbidden", "not yours to set, or not to this value");
        Self {
            errors: fields.iter().map(|field| FieldError::new(field.as_str(), error())).collect(),
            ..Self::new(Code::Forbidden, "a field is not yours to set, or not to this value")
        }
    }

    /// A key that belongs to another request.
    fn key_reused() -> Self {
        let error = ValueError::new("reused", "belongs to another request of the last 24 hours");
        Self {
            errors: vec![FieldError::new("Idempotency-Key", error)],
            ..Self::new(Code::IdempotencyKeyReused, "send another request under another Idempotency-Key")
        }
    }

    /// No good access token.
    #[must_use]
    pub(crate) fn invalid_token() -> Self {
        Self::new(Code::InvalidToken, "send a valid access token as Authorization: Bearer")
    }

    /// The same problem of a request that brought a token.
    #[must_use]
    pub(crate) fn about_a_token(self) -> Self {
        Self { token_was_refused: self.code == Code::InvalidToken, ..self }
    }

    /// No such record, or not for this caller.
    #[must_use]
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here for you")
    }

    /// Too many requests or attempts.
    #[must_use]
    pub(crate) fn rate_limited(limit: RateLimit) -> Self {
        let detail = "too many attempts, try again later";
        Self {
            retry_after: Some(limit.reset.max(1)),
            limit: Some(Box::new(limit)),
            ..Self::new(Code::RateLimited, detail)
        }
    }

    /// A fault of ours, logged here and nowhere else.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %domain::ErrorChain(error), "request failed");
        Self::new(Code::Internal, "the request could not be carried out")
    }

    /// Nobody can be served at the moment, logged here and nowhere else.
    pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error = %domain::ErrorChain(error), "temporarily unavailable");
        let detail = "the service cannot answer at the moment, try again";
        Self { retry_after: Some(RETRY_SECONDS), ..Self::new(Code::Unavailable, detail) }
    }

    /// The same problem, tied to its request.
    #[must_use]
    pub(crate) fn with_request_id(mut self, id: &str) -> Self {
        self.request_id = Some(id.to_owned());
        self
    }

    /// The problem that a bare status of the framework stands for.
    #[must_use]
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::invalid_token(),
            404 => Self::not_found(),
            405 => Self::new(Code::MethodNotAllowed, "this resource knows other methods"),
            408 => Self::new(Code::RequestTimeout, "the request took too long to arrive"),
            413 => Self::new(Code::PayloadTooLarge, "the body is too large"),
            415 => Self::new(Code::UnsupportedMediaType, "send application/json"),
            503 => Self {
                retry_after: Some(RETRY_SECONDS),
                ..Self::new(Code::Unavailable, "the service cannot answer at the moment, try again")
            },
            400..500 => Self::new(Code::BadRequest, "the request is malformed"),
            _ => Self::new(Code::Internal, "the request could not be carried out"),
        }
    }

    fn body(&self) -> ProblemBody<'_> {
        ProblemBody {
            kind: format!("urn:clientele:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id: self.request_id.as_deref(),
            errors: &self.errors,
            tries_left: self.tries_left,
            customers: self.customers,
            errors_omitted: Some(self.errors_omitted).filter(|omitted| *omitted > 0),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.code.status() == 401 {
            // RFC 6750 section 3.1: the error only where a token was offered and refused.
            let challenge = if self.token_was_refused { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        let body = serde_json::to_string(&self.body()).unwrap_or_default();
        let mut response = response.content_type("application/problem+json").body(body);
        if let Some(limit) = &self.limit {
            limit.add_to(response.headers_mut());
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => Self::unavailable(&error),
            StoreError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::ReauthenticationRequired => Self::new(
                Code::ReauthenticationRequired,
                "give your password again with POST /auth/reauthenticate, then repeat this within five minutes",
            ),
            Error::Forbidden => Self::new(Code::Forbidden, "your role may not do that"),
            Error::ForbiddenField(field) => Self::forbidden_fields(&[field]),
            Error::ForbiddenFields(fields) => Self::forbidden_fields(&fields),
            Error::NotFound => Self::not_found(),
            Error::Taken(Field::Email) => Self::new(Code::EmailTaken, "another account has this e-mail"),
            Error::Taken(Field::Phone) => Self::new(Code::PhoneTaken, "another customer has this phone"),
            Error::Taken(_) | Error::Stale => Self::new(Code::Conflict, "another request changed this first"),
            Error::Invalid(field, error) => Self::invalid_field(field.as_str(), error),
            Error::InvalidMembers(members) => Self::invalid(
                members.into_iter().map(|member| FieldError::member(member.list, member.index, member.error)).collect(),
            ),
            Error::RoleChangeNotAllowed => {
                Self::new(Code::RoleChangeNotAllowed, "a customer and a staff member don't turn into each other")
            }
            Error::LastAdmin => Self::new(Code::LastAdmin, "without this admin there would be no active one"),
            Error::HasCustomers(customers) => Self {
                customers: Some(customers),
                ..Self::new(Code::HasCustomers, "the manager looks after customers: hand them over first")
            },
            Error::PreconditionFailed => {
                Self::new(Code::PreconditionFailed, "the record is no longer in the state that If-Match names")
            }
            Error::Unauthorized => Self::invalid_token().about_a_token(),
            // A record refers to whoever enters it: the caller is nobody any more.
            Error::Gone => Self::invalid_token(),
            Error::TooMany(too_many) => Self::rate_limited(too_many.into()),
            Error::SetupTokenRefused => Self::new(Code::InvalidSetupToken, "the setup token is wrong or spent"),
            Error::KeyReused => Self::key_reused(),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::InvalidToken => Self::invalid_token().about_a_token(),
            AuthError::InvalidCredentials => Self::new(Code::InvalidCredentials, "wrong e-mail or password"),
            AuthError::InvalidCode { tries_left } => {
                Self { tries_left, ..Self::new(Code::InvalidCode, "the code is wrong, spent or expired") }
            }
            AuthError::AccountInactive => Self::new(Code::AccountInactive, "an admin has to activate the account"),
            AuthError::SignupClosed => Self::new(Code::SignupClosed, "nobody can sign up this way here"),
            AuthError::TooMany(too_many) => Self::rate_limited(too_many.into()),
            AuthError::SetupTokenRefused => Error::SetupTokenRefused.into(),
            AuthError::Overloaded { retry_after } => Self {
                retry_after: Some(retry_after.as_secs().max(1)),
                ..Self::new(Code::Unavailable, "too many passwords are waiting to be checked, try again")
            },
            AuthError::Invalid(refusals) => Self::invalid(
                refusals.into_iter().map(|refusal| FieldError::new(refusal.field, refusal.error)).collect(),
            ),
            AuthError::Domain(error) => error.into(),
            AuthError::Store(error) => error.into(),
            AuthError::Crypto(error) => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!((problem.errors.len(), problem.errors_omitted), (told, omitted));
            assert!(problem.errors[0].pointer.chars().count() <= 1 + 2 * MAX_NAME + 1);
            assert!(problem.errors[0].pointer.ends_with('…'));
        }
        assert_eq!(FieldError::new("assigned_manager_id", wrong()).pointer, "/assigned_manager_id");
    }

    #[test]
    fn the_documentation_lists_every_code() {
        let row = |code: &Code| format!("| {} | `{}` | {} |\n", code.status(), code.as_str(), code.title());
        let rows: String = Code::ALL.iter().map(row).collect();
        let table = format!("| status | code | what it means |\n|---|---|---|\n{rows}");
        let document = include_str!("../../../docs/api.md");
        assert!(document.contains(&table), "docs/api.md should hold:\n\n{table}");
    }
}
