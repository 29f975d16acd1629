//! The errors of authentication.

use std::time::Duration;

use domain::ValueError;
use domain::limit::TooMany;
use domain::store::{StoreError, WriteError};

use crate::crypto::CryptoError;

/// Why a use-case of authentication did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The access or refresh token is forged, expired, spent, or of a dead session.
    #[error("the token is not valid")]
    InvalidToken,
    /// The e-mail or the password is wrong, or there is no such account. Nobody is told which.
    #[error("the credentials are not valid")]
    InvalidCredentials,
    /// The code is wrong, used, expired or of an unknown challenge.
    #[error("the code is not valid")]
    InvalidCode {
        /// How many more codes may be tried, while the challenge lives.
        tries_left: Option<u8>,
    },
    /// The person proved who they are, but may not sign in.
    #[error("the account is not active")]
    AccountInactive,
    /// The policy allows nobody to sign up this way.
    #[error("sign-up is closed")]
    SignupClosed,
    /// The setup token is wrong or spent, or an admin exists.
    #[error("the setup token is not valid")]
    SetupTokenRefused,
    /// More passwords wait to be hashed than can be served in time.
    #[error("too many passwords are waiting to be checked")]
    Overloaded { retry_after: Duration },
    /// There were too many guesses at one account or from one address, or too many codes for one contact.
    #[error("too many attempts")]
    TooMany(TooMany),
    /// Fields are not valid. All such fields are listed.
    #[error("some fields are not acceptable")]
    Invalid(Vec<Refusal>),
    /// The rules of the domain refused it. It is never one of the cases above, and never a failed database.
    #[error(transparent)]
    Domain(domain::Error),
    /// The database could not answer. This says nothing about the caller.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// A field of the request that is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field by its name in the contract, such as `new_password`.
    pub field: &'static str,
    pub error: ValueError,
}

impl From<Refusal> for AuthError {
    fn from(refusal: Refusal) -> Self {
        Self::Invalid(vec![refusal])
    }
}

impl From<domain::Error> for AuthError {
    fn from(error: domain::Error) -> Self {
        match error {
            domain::Error::Store(error) => Self::Store(error),
            domain::Error::TooMany(too_many) => Self::TooMany(too_many),
            domain::Error::Unauthorized => Self::InvalidToken,
            domain::Error::SetupTokenRefused => Self::SetupTokenRefused,
            domain::Error::Invalid(field, error) => Refusal { field: field.as_str(), error }.into(),
            error => Self::Domain(error),
        }
    }
}

impl From<WriteError> for AuthError {
    fn from(error: WriteError) -> Self {
        domain::Error::from(error).into()
    }
}
