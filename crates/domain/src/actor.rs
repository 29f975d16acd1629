//! Who acts, and from where.

use std::net::IpAddr;

use crate::authority::{Authority, Credential, PersonalAuthority};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::user::{Role, User};

/// The first argument of every use-case: who acts, and how they came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who acts.
    pub identity: Identity,
    /// How the request came in.
    pub origin: Origin,
}

/// Who acts. An identity comes from `auth`, or is named in the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A signed-in person, with the role the database has for them now.
    User {
        /// Who.
        id: UserId,
        /// As what.
        role: Role,
        /// What they came in by.
        credential: Option<Credential>,
    },
    /// A part of the system, such as `import` or the command line.
    System(&'static str),
    /// Somebody who has not signed in.
    Anonymous,
}

/// How a request came in, for the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The `X-Request-Id`.
    pub request_id: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's own name for itself, cut to 255 characters.
    pub user_agent: Option<String>,
}

impl Actor {
    /// A person for whom the program vouches that calls the use-cases, without a session.
    #[must_use]
    pub fn user(user: &User, origin: Origin) -> Self {
        Self { identity: Identity::User { id: user.id, role: user.role(), credential: None }, origin }
    }

    /// A person who is signed in by this session, and may do nothing more once it has ended.
    #[must_use]
    pub fn signed_in(user: &User, session: SessionId, origin: Origin) -> Self {
        let credential = Some(Credential::Session(session));
        Self { identity: Identity::User { id: user.id, role: user.role(), credential }, origin }
    }

    /// A part of the system, which may do everything; `name` says which.
    #[must_use]
    pub fn system(name: &'static str) -> Self {
        Self { identity: Identity::System(name), origin: Origin::default() }
    }

    /// Somebody who has not signed in.
    #[must_use]
    pub fn anonymous(origin: Origin) -> Self {
        Self { identity: Identity::Anonymous, origin }
    }

    /// By what right a change is made at this moment. Those who are not signed in prove themselves by what they write.
    #[must_use]
    pub fn authority(&self, at: Timestamp) -> Authority {
        match self.identity {
            Identity::User { id, role, credential } => {
                Authority::Person(PersonalAuthority { id, role, credential, at })
            }
            Identity::System(_) | Identity::Anonymous => Authority::Unconditional,
        }
    }

    /// The session that they came in by, if they did.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        match self.identity {
            Identity::User { credential: Some(Credential::Session(session)), .. } => Some(session),
            Identity::User { .. } | Identity::System(_) | Identity::Anonymous => None,
        }
    }

    /// Who acts, when it is a person.
    #[must_use]
    pub fn id(&self) -> Option<UserId> {
        match self.identity {
            Identity::User { id, .. } => Some(id),
            Identity::System(_) | Identity::Anonymous => None,
        }
    }
}
