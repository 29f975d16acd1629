//! Who acts, from where, and by what right. The right to a change is judged when the change is committed.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::action::{Action, KeyScopes};
use crate::api_key::ApiKey;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::{ApiKeyId, SessionId, UserId};
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
    /// A signed-in person with the role that they have in the database now.
    User {
        /// Who.
        id: UserId,
        /// As what.
        role: Role,
        /// The credential that they used; `None` where a program vouches for them.
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
    /// A person without a session. The program that calls the use-cases vouches for them.
    #[must_use]
    pub fn user(user: &User, origin: Origin) -> Self {
        Self { identity: Identity::User { id: user.id, role: user.role(), credential: None }, origin }
    }

    /// A person who is signed in by this session. When it ends, they may do nothing more.
    #[must_use]
    pub fn signed_in(user: &User, session: SessionId, origin: Origin) -> Self {
        let credential = Some(Credential::Session(session));
        Self { identity: Identity::User { id: user.id, role: user.role(), credential }, origin }
    }

    /// A program that acts as the owner of this API key, as far as the key is made for it and as long as it is good.
    #[must_use]
    pub fn by_key(owner: &User, key: &ApiKey, origin: Origin) -> Self {
        let credential = Some(Credential::ApiKey { id: key.id, scopes: key.scopes });
        Self { identity: Identity::User { id: owner.id, role: owner.role(), credential }, origin }
    }

    /// The same actor; one with an API key may do these actions too. For what takes them to carry out.
    pub(crate) fn also_for(&self, actions: &[Action]) -> Self {
        let mut actor = self.clone();
        if let Identity::User { credential: Some(Credential::ApiKey { scopes, .. }), .. } = &mut actor.identity {
            *scopes = scopes.iter().chain(actions.iter().copied()).collect();
        }
        actor
    }

    /// A part of the system, which may do everything. `name` tells which part.
    #[must_use]
    pub fn system(name: &'static str) -> Self {
        Self { identity: Identity::System(name), origin: Origin::default() }
    }

    /// Somebody who has not signed in.
    #[must_use]
    pub fn anonymous(origin: Origin) -> Self {
        Self { identity: Identity::Anonymous, origin }
    }

    /// The authority by which this actor changes something at `at`. Somebody who is not signed in proves themselves by
    /// the write itself.
    #[must_use]
    pub fn authority(&self, at: Timestamp) -> Authority {
        match self.identity {
            Identity::User { id, role, credential } => {
                Authority::Person(PersonalAuthority { id, role, credential, at })
            }
            Identity::System(_) | Identity::Anonymous => Authority::Unconditional,
        }
    }

    /// The session of the actor, if they have one.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        match self.identity {
            Identity::User { credential: Some(Credential::Session(session)), .. } => Some(session),
            Identity::User { .. } | Identity::System(_) | Identity::Anonymous => None,
        }
    }

    /// The API key that they came in by, if they did.
    #[must_use]
    pub fn api_key(&self) -> Option<ApiKeyId> {
        match self.identity {
            Identity::User { credential: Some(Credential::ApiKey { id, .. }), .. } => Some(id),
            Identity::User { .. } | Identity::System(_) | Identity::Anonymous => None,
        }
    }

    /// The person who acts, if it is a person.
    #[must_use]
    pub fn id(&self) -> Option<UserId> {
        match self.identity {
            Identity::User { id, .. } => Some(id),
            Identity::System(_) | Identity::Anonymous => None,
        }
    }
}

/// By what right a change is made.
///
/// A request may take a while to arrive. Meanwhile, its caller may be deactivated, get another role or be signed out.
/// So each store checks the authority in the transaction that writes, and locks it until that transaction ends. A
/// change that takes the authority away either comes first, and then nothing is written, or it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// An authority that cannot end: that of the system, and of somebody who proves themselves by a code or a token in
    /// the write.
    Unconditional,
    /// The authority of a person.
    Person(PersonalAuthority),
}

/// The authority of a person. It lasts while they are active and have this role, and while their credential is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonalAuthority {
    /// Who.
    pub id: UserId,
    /// The role that they had when the request began.
    pub role: Role,
    /// The credential that they used; `None` where a program vouches for them.
    pub credential: Option<Credential>,
    /// When the change is made. The credential must not have expired by then.
    pub at: Timestamp,
}

/// How a caller proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An access token of this session.
    Session(SessionId),
    /// An API key.
    ApiKey {
        /// Which.
        id: ApiKeyId,
        /// What it may do.
        scopes: KeyScopes,
    },
}

impl Authority {
    /// Whether it is the authority of this person.
    #[must_use]
    pub fn is_of(&self, id: UserId) -> bool {
        matches!(self, Self::Person(person) if person.id == id)
    }
}

/// How long a session is fresh after a sign-in or after the password was given (ASVS 7.5.1).
pub const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);

/// What a store must find before it makes a change that needs a fresh session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshProof {
    /// The session in use.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The password must have been given after this moment.
    pub since: Timestamp,
}

impl FreshProof {
    /// The proof that this caller's session is fresh at `now`. The store checks it.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`] for an actor without a session.
    pub fn of(actor: &Actor, now: Timestamp) -> Result<Self, Error> {
        let (Some(user), Some(session)) = (actor.id(), actor.session()) else {
            return Err(Error::ReauthenticationRequired);
        };
        Ok(Self { session, user, since: now - FRESH_FOR })
    }
}

/// Whether a change of a person needs a fresh proof. It does when staff change where their own codes go, or the e-mail
/// with which they sign in. Otherwise, somebody with a stolen token could take over the account.
pub(crate) fn needs_proof(actor: &Actor, before: &User, after: &User) -> bool {
    let (Some(before_staff), Some(after_staff)) = (before.staff(), after.staff()) else { return false };
    let moves = before_staff.email != after_staff.email
        || before_staff.phone != after_staff.phone
        || before_staff.verification_method != after_staff.verification_method;
    moves && actor.id() == Some(before.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedClock, admin, email, manager, phone, signed_in};
    use crate::user::{Profile, Staff, VerificationMethod};
    use crate::{Clock, DisplayName};

    fn with(user: &User, change: impl FnOnce(&mut Staff)) -> User {
        let mut user = user.clone();
        if let Profile::Admin(staff) | Profile::Manager(staff) = &mut user.profile {
            change(staff);
        }
        user
    }

    #[test]
    fn only_ones_own_contact_and_method_want_a_proof() {
        let clock = FixedClock::default();
        let (ann, root) = (manager(&clock, "ann@example.com"), admin(&clock, "root@example.com"));
        let changes = [
            with(&ann, |staff| staff.email = email("new@example.com")),
            with(&ann, |staff| staff.phone = Some(phone("+998901234567"))),
            with(&ann, |staff| staff.verification_method = VerificationMethod::Phone),
        ];
        for after in &changes {
            assert!(needs_proof(&signed_in(&ann), &ann, after));
            assert!(!needs_proof(&signed_in(&root), &ann, after), "an admin changes somebody else");
            assert!(!needs_proof(&Actor::system("command line"), &ann, after));
        }
        let renamed = User { display_name: DisplayName::parse("Ann").ok(), ..ann.clone() };
        assert!(!needs_proof(&signed_in(&ann), &ann, &renamed));
        assert!(!needs_proof(&signed_in(&ann), &ann, &ann), "the same value is no change");
    }

    #[test]
    fn who_has_no_session_has_no_proof() {
        let clock = FixedClock::default();
        let ann = manager(&clock, "ann@example.com");
        assert!(matches!(FreshProof::of(&signed_in(&ann), clock.now()), Err(Error::ReauthenticationRequired)));
        let session = clock.new_id().into();
        let proof = FreshProof::of(&Actor::signed_in(&ann, session, crate::Origin::default()), clock.now()).unwrap();
        assert_eq!(proof, FreshProof { session, user: ann.id, since: clock.now() - FRESH_FOR });
    }
}
