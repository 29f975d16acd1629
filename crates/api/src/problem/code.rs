//! Every kind of problem, with its status and its stable name.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)+) => {
        /// What went wrong, by a stable name.
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
    /// The resource does not support the method.
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
    /// The caller has as many API keys as one may have.
    TooManyKeys = 409 "too_many_keys" "There are too many API keys";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_code() {
        let document = include_str!("../../../../docs/errors.md");
        let listed: Vec<&str> = document.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
        for (code, line) in Code::ALL.iter().zip(&listed) {
            let row = format!("| {} | `{}` | {} | ", code.status(), code.as_str(), code.title());
            assert!(line.starts_with(&row), "docs/errors.md should hold: {row}");
        }
        assert_eq!(listed.len(), Code::ALL.len());
    }
}
