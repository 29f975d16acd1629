//! One sign-in of one person.

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// A SHA-256 or HMAC-SHA-256 of a secret: all that is stored of it.
pub type Digest = [u8; 32];

/// How many sessions a person may have at once. One more session ends the one that was used least recently.
pub const MAX_SESSIONS: u64 = 100;

/// One sign-in of one person, kept until it ends or expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifies the session; the `sid` of its access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When the person last proved in it who they are, by the sign-in or by giving their password again.
    pub proven_at: Timestamp,
    /// When its tokens were last renewed.
    pub last_used_at: Timestamp,
    /// When the newest refresh token stops working.
    pub expires_at: Timestamp,
    /// The address from which it was begun or last renewed.
    pub address: Option<IpAddr>,
    /// The client's own name for itself, at most 255 characters.
    pub user_agent: Option<String>,
    /// The digest of the refresh token that is valid now.
    pub refresh_digest: Digest,
    /// The digest of the refresh token that was spent last.
    pub spent_digest: Option<Digest>,
    /// How often the refresh token was renewed.
    pub renewals: i64,
}
