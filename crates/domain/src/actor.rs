//! Who acts, and from where.

use std::net::IpAddr;

use crate::id::{SessionId, UserId};
use crate::user::{Role, User};

/// The first argument of every use-case: who acts, and how they came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who acts.
    pub identity: Identity,
    /// How the request came in.
    pub origin: Origin,
    /// The session in use, when it is a person who has signed in.
    pub session: Option<SessionId>,
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
    /// A signed-in person.
    #[must_use]
    pub fn user(user: &User, origin: Origin) -> Self {
        Self { identity: Identity::User { id: user.id, role: user.role() }, origin, session: None }
    }

    /// A part of the system, which may do everything; `name` says which.
    #[must_use]
    pub fn system(name: &'static str) -> Self {
        Self { identity: Identity::System(name), origin: Origin::default(), session: None }
    }

    /// Somebody who has not signed in.
    #[must_use]
    pub fn anonymous(origin: Origin) -> Self {
        Self { identity: Identity::Anonymous, origin, session: None }
    }

    /// The same, by this session.
    #[must_use]
    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
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
