//! The errors of a store.

use crate::limit::TooMany;
use crate::user::Field;

/// The database failed. The details are for the log, not for the caller.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is full, or is too busy. Trying again later may help.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Any other failure. Trying again does not help.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another account has this value.
    #[error("{0} is already taken")]
    Taken(Field),
    /// `assigned_manager_id` names nobody, a customer, an admin or an inactive manager.
    #[error("not an active manager")]
    NotAnActiveManager,
    /// Without this admin there would be no active one.
    #[error("the last active admin stays")]
    LastAdmin,
    /// Somebody else has to look after this many customers first.
    #[error("customers still assigned: {0}")]
    HasCustomers(u64),
    /// The setup token is wrong or spent, or an admin exists.
    #[error("the setup token is not valid")]
    SetupTokenRefused,
    /// The record is no longer as the caller saw it. For example, a code was used or a token renewed meanwhile.
    #[error("the record has changed")]
    Stale,
    /// The authority for the write has ended.
    #[error("the authority has ended")]
    Unauthorized,
    /// The record would refer to somebody who was erased meanwhile.
    #[error("somebody the record refers to is gone")]
    Gone,
    /// The session in use is not fresh, or has ended.
    #[error("the password has to be given again first")]
    NotFresh,
    /// The person has as many API keys as one may have.
    #[error("too many API keys")]
    TooManyKeys,
    /// It was tried too often.
    #[error("too many attempts")]
    TooMany(TooMany),
    /// The database could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WriteError {
    /// The failure of a write that no rule can refuse.
    #[must_use]
    pub fn into_store_error(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            refused => StoreError::Failed(Box::new(refused)),
        }
    }
}
