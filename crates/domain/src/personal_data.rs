//! Everything that is kept about one person, for them to see.

use crate::challenge::Challenge;
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
