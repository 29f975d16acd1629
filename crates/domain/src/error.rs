//! What can go wrong in a use-case.

use crate::limit::TooMany;
use crate::store::error::{StoreError, WriteError};
use crate::user::Field;
use crate::value::ValueError;

/// Why a use-case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's role may never do this.
    #[error("this role may not do that")]
    Forbidden,
    /// The caller may act on the record but may not set these fields, or not to these values. All such fields are
    /// listed.
    #[error("this role may not set {}", names(.0))]
    ForbiddenFields(Vec<Field>),
    /// There is no such record, or it is outside the caller's scope.
    #[error("no such record")]
    NotFound,
    /// Another account has this value.
    #[error("{0} is already taken")]
    Taken(Field),
    /// A field has a valid value, but the value is not valid for this record.
    #[error("{0} is not acceptable")]
    Invalid(Field, #[source] ValueError),
    /// What an API key is to be is not valid.
    #[error("the API key is not acceptable")]
    InvalidKey {
        /// Scopes that its owner does not have. All such scopes are listed.
        scopes: Vec<Member>,
        /// Why it cannot expire then.
        expires_at: Option<ValueError>,
    },
    /// Members of lists are not valid. All such members are listed.
    #[error("members of a list are not acceptable")]
    InvalidMembers(Vec<Member>),
    /// A customer cannot become staff, and staff cannot become a customer.
    #[error("customers and staff do not turn into each other")]
    RoleChangeNotAllowed,
    /// Without this admin there would be no active one.
    #[error("the last active admin stays")]
    LastAdmin,
    /// Somebody else has to look after this many customers first.
    #[error("customers still assigned: {0}")]
    HasCustomers(u64),
    /// The record is not in the state that the caller expects.
    #[error("the record is not in the expected state")]
    PreconditionFailed,
    /// The setup token is wrong, spent, or no longer needed.
    #[error("the setup token is not valid")]
    SetupTokenRefused,
    /// The key was used for another request.
    #[error("the key was used for another request")]
    IdempotencyKeyReused,
    /// The caller has to give their password again first.
    #[error("the password has to be given again first")]
    ReauthenticationRequired,
    /// The record was changed by somebody else meanwhile.
    #[error("the record has changed")]
    Stale,
    /// The caller's authority ended before the change was committed. They were deactivated or erased, got another role,
    /// or their session ended.
    #[error("the caller's authority has ended")]
    Unauthorized,
    /// The record would refer to somebody who was erased meanwhile.
    #[error("somebody the record refers to is gone")]
    Gone,
    /// The caller has as many API keys as one may have.
    #[error("too many API keys")]
    TooManyKeys,
    /// It was tried too often.
    #[error("too many attempts")]
    TooMany(TooMany),
    /// The database could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A member of a list that is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The list by its name in the contract, such as `to`.
    pub list: &'static str,
    /// Which member, from 0.
    pub index: usize,
    /// Why.
    pub error: ValueError,
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(", ")
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Taken(field) => Self::Taken(field),
            WriteError::NotAnActiveManager => Self::Invalid(
                Field::AssignedManager,
                ValueError::new("not_an_active_manager", "must be the id of an active manager"),
            ),
            WriteError::SetupTokenRefused => Self::SetupTokenRefused,
            WriteError::LastAdmin => Self::LastAdmin,
            WriteError::HasCustomers(count) => Self::HasCustomers(count),
            WriteError::NotFresh => Self::ReauthenticationRequired,
            WriteError::Stale => Self::Stale,
            WriteError::Unauthorized => Self::Unauthorized,
            WriteError::Gone => Self::Gone,
            WriteError::TooManyKeys => Self::TooManyKeys,
            WriteError::TooMany(too_many) => Self::TooMany(too_many),
            WriteError::Store(error) => Self::Store(error),
        }
    }
}

/// A closure that gives a value which was read already.
///
/// A use-case takes its input as an async closure. It calls the closure after it has found that the caller may do this
/// at all. So HTTP and the command line do not read the query or body of somebody who may not, and do not repeat the
/// policy. The error of the closure is the caller's own; a refusal of the use-case is converted into it.
pub fn given<T>(value: T) -> impl AsyncFnOnce() -> Result<T, Error> {
    async move || Ok(value)
}
