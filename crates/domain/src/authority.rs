//! By what right somebody changes something. It is judged when the change is committed.

use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::user::Role;

/// By what right a change is made.
///
/// A request may take a while to arrive, and its caller may be deactivated, get another role or be signed out
/// meanwhile. So each store checks the authority in the transaction that writes, and keeps it as it is until that
/// transaction ends: whatever takes it away either comes before, and nothing is written, or waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// One that cannot end: of the system, and of somebody who proves themselves by the write, with a code or a token.
    Unconditional,
    /// That of a person.
    Person(PersonalAuthority),
}

/// The authority of a person: it lasts while they are active and have this role, and while their credential is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonalAuthority {
    /// Who.
    pub id: UserId,
    /// As what they were let in.
    pub role: Role,
    /// What they came in by; nothing where a program vouches for them.
    pub credential: Option<Credential>,
    /// When the change is made: the credential must not have expired by then.
    pub at: Timestamp,
}

/// What a caller came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An access token of this session.
    Session(SessionId),
}

impl Authority {
    /// Whether it is the authority of this person.
    #[must_use]
    pub fn is_of(&self, id: UserId) -> bool {
        matches!(self, Self::Person(person) if person.id == id)
    }
}
