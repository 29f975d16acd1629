//! Identifiers: UUID version 7 (RFC 9562), one type for each kind of thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The identifier as the bare UUID, for storage.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

identifiers! {
    /// A person: staff or customer.
    UserId,
    /// One sign-in of one person, from the first token to the sign-out.
    SessionId,
    /// A key with which a program acts as a member of the staff.
    ApiKeyId,
    /// A challenge, which waits for a one-time code.
    ChallengeId,
    /// One entry of the audit trail.
    EventId,
    /// One message or notice in the outbox.
    MessageId,
}

/// The id of something that follows from the thing with this id. It has the same time, and its random part differs in
/// one octet, which `nth` determines. So the id is the same when a transaction is repeated.
pub(crate) fn derived(id: Uuid, nth: u8) -> Uuid {
    Uuid::from_u128(id.as_u128() ^ ((u128::from(nth) + 1) << 48))
}
