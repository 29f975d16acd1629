//! That somebody who is signed in has given their password a moment ago, and not only their token.

use chrono::TimeDelta;

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::{SessionId, UserId};
use crate::user::User;

/// How long a session is fresh after a sign-in or a given password (ASVS 7.5.1).
pub const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);

/// What a store must find before it does what only a fresh session may do.
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
    /// What must be found of this caller's session at `now`.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`] for whoever acts without a session of their own.
    pub fn of(actor: &Actor, now: Timestamp) -> Result<Self, Error> {
        let (Some(user), Some(session)) = (actor.id(), actor.session()) else {
            return Err(Error::ReauthenticationRequired);
        };
        Ok(Self { session, user, since: now - FRESH_FOR })
    }
}

/// Whether a change of a person wants a fresh proof: staff who change where codes for themselves go, or the e-mail with
/// which they sign in. Whoever holds a stolen token would otherwise take the account with it.
#[must_use]
pub fn is_needed(actor: &Actor, before: &User, after: &User) -> bool {
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
            assert!(is_needed(&signed_in(&ann), &ann, after));
            assert!(!is_needed(&signed_in(&root), &ann, after), "an admin changes somebody else");
            assert!(!is_needed(&Actor::system("command line"), &ann, after));
        }
        let renamed = User { display_name: DisplayName::parse("Ann").ok(), ..ann.clone() };
        assert!(!is_needed(&signed_in(&ann), &ann, &renamed));
        assert!(!is_needed(&signed_in(&ann), &ann, &ann), "the same value is no change");
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
