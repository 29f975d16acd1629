//! Turns the errors of the layers below into problems.

use auth::AuthError;
use domain::import::{Column, LineError};
use domain::store::StoreError;
use domain::{Error, Field};
use formats::{HeaderError, OpenError};

use super::answer::Problem;
use super::code::Code;
use super::field_error::FieldError;

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
            Error::Forbidden => Self::new(Code::Forbidden, "your role or API key may not do that"),
            Error::ForbiddenFields(fields) => Self::forbidden_fields(&fields),
            Error::NotFound => Self::not_found(),
            Error::Taken(Field::Email) => Self::new(Code::EmailTaken, "another account has this e-mail"),
            Error::Taken(Field::Phone) => Self::new(Code::PhoneTaken, "another customer has this phone"),
            Error::Taken(_) | Error::Stale => Self::new(Code::Conflict, "another request changed this first"),
            Error::Invalid(field, error) => Self::invalid(vec![FieldError::new(field.as_str(), error)]),
            Error::InvalidMembers(members) => Self::invalid(
                members.into_iter().map(|member| FieldError::member(member.list, member.index, member.error)).collect(),
            ),
            Error::InvalidKey { scopes, expires_at } => {
                let scopes = scopes.into_iter().map(|scope| FieldError::member(scope.list, scope.index, scope.error));
                let expires_at = expires_at.map(|error| FieldError::new("expires_at", error));
                Self::invalid(scopes.chain(expires_at).collect())
            }
            Error::TooManyKeys => Self::new(Code::TooManyKeys, "revoke some of your keys first"),
            Error::RoleChangeNotAllowed => {
                Self::new(Code::RoleChangeNotAllowed, "a customer and a staff member don't turn into each other")
            }
            Error::LastAdmin => Self::new(Code::LastAdmin, "there must be at least one active admin"),
            Error::HasCustomers(customers) => Self::has_customers(customers),
            Error::PreconditionFailed => {
                Self::new(Code::PreconditionFailed, "the record is no longer in the state that If-Match names")
            }
            Error::Unauthorized => Self::invalid_token().about_a_token(),
            // A new record refers to its creator: the caller was erased meanwhile.
            Error::Gone => Self::invalid_token(),
            Error::TooMany(too_many) => Self::rate_limited(too_many.into()),
            Error::SetupTokenRefused => Self::new(Code::InvalidSetupToken, "the setup token is wrong or spent"),
            Error::IdempotencyKeyReused => Self::key_reused(),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Header(errors) => Self::invalid_lines(errors.into_iter().map(FieldError::from).collect(), 0),
            OpenError::Io(error) => Self::unreadable_file(error),
        }
    }
}

impl From<LineError> for FieldError {
    fn from(LineError { line, refused }: LineError) -> Self {
        Self::in_file(line, refused.column.map(Column::as_str), refused.error)
    }
}

impl From<HeaderError> for FieldError {
    fn from(HeaderError { column, error }: HeaderError) -> Self {
        Self::in_file(1, column.as_deref(), error)
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::InvalidToken => Self::invalid_token().about_a_token(),
            AuthError::InvalidCredentials => Self::new(Code::InvalidCredentials, "wrong e-mail or password"),
            AuthError::InvalidCode { tries_left } => Self::invalid_code(tries_left),
            AuthError::AccountInactive => Self::new(Code::AccountInactive, "an admin has to activate the account"),
            AuthError::SignupClosed => Self::new(Code::SignupClosed, "this kind of sign-up is closed"),
            AuthError::TooMany(too_many) => Self::rate_limited(too_many.into()),
            AuthError::SetupTokenRefused => Error::SetupTokenRefused.into(),
            AuthError::Overloaded { retry_after } => {
                Self::busy("too many passwords are waiting to be checked, try again", retry_after.as_secs().max(1))
            }
            AuthError::Invalid(refusals) => Self::invalid(
                refusals.into_iter().map(|refusal| FieldError::new(refusal.field, refusal.error)).collect(),
            ),
            AuthError::Domain(error) => error.into(),
            AuthError::Store(error) => error.into(),
            AuthError::Crypto(error) => Self::internal(&error),
        }
    }
}
