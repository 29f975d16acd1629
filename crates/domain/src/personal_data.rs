//! Everything that is kept about one person, for them to see.

use crate::audit::{Changes, Event};
use crate::challenge::Challenge;
use crate::id::UserId;
use crate::idempotency::StoredAnswer;
use crate::notice::Notice;
use crate::session::Session;
use crate::user::User;

/// Everything that is kept about one person but for the audit trail, which may be long.
#[derive(Clone, Debug)]
pub struct PersonalData {
    /// Who, with their profile.
    pub user: User,
    /// Their sessions, newest first.
    pub sessions: Vec<Session>,
    /// The codes that were asked for them, newest first: under their account or, for customers who have proven their
    /// phone, by a sign-up with it. Not those that others asked for with a contact that they only claim.
    pub challenges: Vec<Challenge>,
    /// Notices that wait to be sent to them, newest first.
    pub notices: Vec<Notice>,
    /// What whoever entered them was told, while it is remembered.
    pub stored_answer: Option<StoredAnswer>,
    /// How many customers they entered.
    pub created_customers: u64,
    /// How many customers they look after.
    pub assigned_customers: u64,
}

/// Leaves out of an event what is about other people: what the person changed about others, and from where others acted
/// on the person.
pub(crate) fn without_others(event: &mut Event, id: UserId) {
    if event.subject_id != Some(id) {
        event.changes = Changes::new();
    }
    if is_by_somebody_else(event, id) {
        event.address = None;
        event.request_id = None;
    }
}

fn is_by_somebody_else(event: &Event, id: UserId) -> bool {
    event.actor_id.is_some_and(|actor| actor != id)
}
