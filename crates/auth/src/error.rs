//! What can go wrong when somebody proves who they are.

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
    /// Wrong e-mail, wrong password or no such account: nobody is told which.
    #[error("the credentials are not valid")]
    InvalidCredentials,
    /// The code is wrong, used, expired or of an unknown challenge.
    #[error("the code is not valid")]
    InvalidCode {
        /// How many more codes may be tried, while the challenge lives.
        tries_left: Option<u8>,
    },
    /// The person proved who they are, and may not sign in.
    #[error("the account is not active")]
    AccountInactive,
    /// The policy lets nobody sign up this way.
    #[error("sign-up is closed")]
    SignupClosed,
    /// The setup token is wrong or spent, or an admin exists.
    #[error("the setup token is not valid")]
    SetupTokenRefused,
    /// More passwords wait to be hashed than can be served in time.
    #[error("too many passwords are waiting to be checked")]
    Overloaded { retry_after: Duration },
    /// Too many guesses of one password, or from one address, or codes for one contact.
    #[error("too many attempts")]
    TooMany(TooMany),
    /// Fields that are not acceptable, all that were found.
    #[error("some fields are not acceptable")]
    Invalid(Vec<Refusal>),
    /// The rules of the domain refused it. Never one of the cases above, nor a failed database.
    #[error(transparent)]
    Domain(domain::Error),
    /// The database could not answer. Says nothing about the caller.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// One field of the request that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field by its name in the contract, such as `new_password`.
    pub field: &'static str,
    pub error: ValueError,
}

impl Refusal {
    /// A refusal of one field.
    #[must_use]
    pub fn new(field: &'static str, error: ValueError) -> Self {
        Self { field, error }
    }
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
            domain::Error::Invalid(field, error) => Refusal::new(field.as_str(), error).into(),
            error => Self::Domain(error),
        }
    }
}

impl From<WriteError> for AuthError {
    fn from(error: WriteError) -> Self {
        domain::Error::from(error).into()
    }
}
