//! What else a store keeps, ready to be put into one.

use chrono::TimeDelta;

use crate::action::Action;
use crate::actor::{Actor, Origin};
use crate::api_key::ApiKey;
use crate::audit::{Event, EventKind};
use crate::challenge::{Challenge, Message, Purpose};
use crate::clock::Clock;
use crate::id::UserId;
use crate::session::{Digest, Session};
use crate::store::CodeGuess;
use crate::user::{User, VerificationMethod};
use crate::value::DisplayName;

/// An entry of the audit trail by nobody in particular.
pub fn event(clock: &dyn Clock, kind: EventKind, subject: Option<UserId>) -> Event {
    Event::new(clock, &Actor::anonymous(Origin::default()), kind, subject)
}

/// A session that begins now and lasts an hour, with digests of its own.
pub fn session(clock: &dyn Clock, user_id: UserId) -> Session {
    let now = clock.now();
    Session {
        id: clock.new_id().into(),
        user_id,
        created_at: now,
        proven_at: now,
        last_used_at: now,
        expires_at: now + TimeDelta::hours(1),
        address: None,
        user_agent: None,
        refresh_digest: digest(clock),
        spent_digest: None,
        renewals: 0,
    }
}

/// A key to read people that is made now and lasts a day, with a digest of its own.
///
/// # Panics
/// Never: its name is a good one.
#[expect(clippy::expect_used, reason = "the name is a good one")]
pub fn api_key(clock: &dyn Clock, owner: &User) -> ApiKey {
    let now = clock.now();
    ApiKey {
        id: clock.new_id().into(),
        owner_id: owner.id,
        owner_role: owner.role(),
        name: DisplayName::parse("reader").expect("a name"),
        scopes: [Action::ListUsers, Action::ReadUser].into_iter().collect(),
        networks: Vec::new(),
        digest: digest(clock),
        created_at: now,
        expires_at: now + TimeDelta::days(1),
        last_used_at: None,
    }
}

/// A challenge that is asked for now by nobody with an account and lasts ten minutes.
pub fn challenge(clock: &dyn Clock, purpose: Purpose, subject: Digest) -> Challenge {
    let now = clock.now();
    Challenge {
        id: clock.new_id().into(),
        purpose,
        subject,
        user_id: None,
        channel: VerificationMethod::Email,
        contact: "ann@example.com".to_owned(),
        code_digest: digest(clock),
        tries: 0,
        created_at: now,
        expires_at: now + TimeDelta::minutes(10),
        used_at: None,
        pending: None,
    }
}

/// The message that carries a challenge's code.
pub fn message(clock: &dyn Clock, challenge: &Challenge) -> Message {
    Message {
        id: clock.new_id().into(),
        channel: challenge.channel,
        recipient: challenge.contact.clone(),
        purpose: challenge.purpose,
        challenge_id: challenge.id,
        sealed_code: b"sealed".to_vec(),
        created_at: challenge.created_at,
        expires_at: challenge.expires_at,
        attempts: 0,
        turn: None,
    }
}

/// A code that is right for every challenge and counts as nothing.
#[must_use]
pub fn any_code() -> CodeGuess<'static> {
    const ANY: &(dyn Fn(&Challenge) -> bool + Send + Sync) = &|_| true;
    CodeGuess { is_right: ANY, if_wrong: &[] }
}

/// Like no other digest of this clock.
fn digest(clock: &dyn Clock) -> Digest {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(clock.new_id().as_bytes());
    digest
}
