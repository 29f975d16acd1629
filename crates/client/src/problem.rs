//! A refusal of the service (RFC 9457).

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::names::names;

/// Why the service did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What to act on: stable, unlike the texts.
    pub code: ProblemCode,
    /// The same for every problem of this kind.
    pub title: String,
    /// What happened this time, for people.
    pub detail: String,
    /// The name of the request in the log and the audit trail of the service.
    pub request_id: String,
    /// Every field that is not acceptable, or the first 100 of them.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// How many more fields are not acceptable than `errors` has.
    #[serde(default)]
    pub errors_omitted: u64,
    /// With [`ProblemCode::InvalidCode`]: how many more codes can be tried, while the challenge lives.
    #[serde(default)]
    pub tries_left: Option<u32>,
    /// With [`ProblemCode::HasCustomers`]: how many customers are still assigned.
    #[serde(default)]
    pub customers: Option<u64>,
    /// When to come back, with status 429 and 503.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)?;
        for FieldError { pointer, detail, .. } in &self.errors {
            write!(f, "; {pointer} {detail}")?;
        }
        write!(f, " (request {})", self.request_id)
    }
}

/// A field, a parameter or a cell that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Where in the body, as a JSON pointer (RFC 6901); for a parameter or a column, its name after a slash.
    pub pointer: String,
    /// Stable name of what is wrong.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
    /// On which line of an imported file; the header is line 1.
    #[serde(default)]
    pub line: Option<u64>,
}

names! {
    /// The kinds of problems. `docs/errors.md` says of each what to do.
    ProblemCode {
        /// The body is not a JSON object.
        MalformedJson => "malformed_json",
        /// The request is malformed.
        BadRequest => "bad_request",
        /// The token or key is not valid, or no longer. The session of a client has ended then: sign in again.
        InvalidToken => "invalid_token",
        /// Wrong e-mail or password.
        InvalidCredentials => "invalid_credentials",
        /// The one-time code is not valid.
        InvalidCode => "invalid_code",
        /// The setup token is not valid.
        InvalidSetupToken => "invalid_setup_token",
        /// The account is not active.
        AccountInactive => "account_inactive",
        /// The role, or the API key, may not do this.
        Forbidden => "forbidden",
        /// The password has to be given again first: [`Client::reauthenticate`](crate::Client::reauthenticate).
        ReauthenticationRequired => "reauthentication_required",
        /// Sign-up is closed.
        SignupClosed => "signup_closed",
        /// Nobody has this id, or it is outside of what the caller may see.
        NotFound => "not_found",
        /// The route has no such method.
        MethodNotAllowed => "method_not_allowed",
        /// The body took too long to arrive.
        RequestTimeout => "request_timeout",
        /// Somebody else has the e-mail.
        EmailTaken => "email_taken",
        /// Somebody else has the phone.
        PhoneTaken => "phone_taken",
        /// Without this admin there would be no active one.
        LastAdmin => "last_admin",
        /// The manager's customers have to be handed over first.
        HasCustomers => "has_customers",
        /// Customers and staff don't turn into each other.
        RoleChangeNotAllowed => "role_change_not_allowed",
        /// The record has changed meanwhile.
        Conflict => "conflict",
        /// The caller has as many API keys as one may have.
        TooManyKeys => "too_many_keys",
        /// The record is not in the state of the `ETag`.
        PreconditionFailed => "precondition_failed",
        /// The body is too large.
        PayloadTooLarge => "payload_too_large",
        /// The body is of another kind than the route takes.
        UnsupportedMediaType => "unsupported_media_type",
        /// The `Idempotency-Key` was used for another request.
        IdempotencyKeyReused => "idempotency_key_reused",
        /// Some fields are not acceptable: `errors` names them.
        ValidationFailed => "validation_failed",
        /// Too many requests.
        RateLimited => "rate_limited",
        /// Something went wrong in the service.
        Internal => "internal",
        /// Temporarily unavailable.
        Unavailable => "unavailable",
    }
}
