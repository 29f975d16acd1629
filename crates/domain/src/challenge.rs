//! One-time codes: one mechanism for sign-up, sign-in, reset and invitation.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ChallengeId, MessageId, UserId};
use crate::names::named;
use crate::session::Digest;
use crate::user::VerificationMethod;
use crate::value::{DisplayName, Email, Phone, TrunkNumber};

named! {
    /// What a code was asked for. A code for one purpose is no good for another.
    Purpose {
        /// A customer signs up, or in, by phone.
        CustomerSignUp => "customer_sign_up",
        /// A customer signs in by phone.
        CustomerSignIn => "customer_sign_in",
        /// A staff member signs up and proves their contact.
        StaffSignUp => "staff_sign_up",
        /// A staff member gave the right password; this is the second factor.
        SecondFactor => "second_factor",
        /// A staff member forgot their password.
        PasswordReset => "password_reset",
        /// A staff member was entered by an admin and sets their first password.
        Invitation => "invitation",
    }
}

impl Purpose {
    /// Whether a code for it is worth nothing after the person's password
    /// changed: it was asked for by somebody with the old one, or to replace it.
    #[must_use]
    pub fn ends_with_password(self) -> bool {
        match self {
            Self::SecondFactor | Self::PasswordReset | Self::Invitation => true,
            Self::CustomerSignUp | Self::CustomerSignIn | Self::StaffSignUp => false,
        }
    }

    /// How long a code works.
    #[must_use]
    pub fn lifetime(self) -> TimeDelta {
        match self {
            Self::Invitation => TimeDelta::hours(72),
            Self::CustomerSignUp
            | Self::CustomerSignIn
            | Self::StaffSignUp
            | Self::SecondFactor
            | Self::PasswordReset => TimeDelta::minutes(5),
        }
    }
}

/// Wrong codes that a challenge survives, plus one.
pub const MAX_TRIES: u8 = 5;

/// A one-time code that somebody was asked for. Kept as a keyed hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Identifies the challenge to its holder.
    pub id: ChallengeId,
    /// What it is for.
    pub purpose: Purpose,
    /// Keyed hash of the contact: one open challenge for each purpose and subject.
    pub subject: Digest,
    /// Whose it is, when they have an account.
    pub user_id: Option<UserId>,
    /// Over which channel the code went.
    pub channel: VerificationMethod,
    /// Where the code went. Empty for a decoy, whose code no one ever gets.
    pub contact: String,
    /// Keyed hash of the code, bound to challenge, purpose and contact.
    pub code_digest: Digest,
    /// How many codes were tried, the current one included.
    pub tries: u8,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// What the sign-up said, until the code proves the contact.
    pub pending: Option<Pending>,
}

impl Challenge {
    /// Whether a code can still be tried.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.tries < MAX_TRIES && now < self.expires_at
    }
}

/// What a sign-up said, kept until its code comes back. Serialized for storage only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pending {
    /// A customer's sign-up.
    Customer {
        /// The number to prove.
        phone: Phone,
        /// As given.
        display_name: Option<DisplayName>,
    },
    /// A staff member's sign-up.
    Staff {
        /// As given.
        email: Email,
        /// As given.
        phone: Option<Phone>,
        /// As given.
        display_name: Option<DisplayName>,
        /// As given.
        tin_trunk_number: Option<TrunkNumber>,
        /// As given.
        verification_method: VerificationMethod,
        /// The stored form of the password; the one place a hash is serialized.
        password_hash: String,
    },
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Customer { .. } => "Pending::Customer(…)",
            Self::Staff { .. } => "Pending::Staff(…)",
        })
    }
}

/// A code on its way to somebody. Written with its challenge, sent after the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Identifies the message to gateways, so that a retry is not a second message.
    pub id: MessageId,
    /// Over which channel.
    pub channel: VerificationMethod,
    /// Where to; empty for a decoy, which is dropped where a real one is sent.
    pub recipient: String,
    /// What the code is for.
    pub purpose: Purpose,
    /// The challenge whose code it is.
    pub challenge_id: ChallengeId,
    /// The code, sealed.
    pub sealed_code: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When sending it stops making sense.
    pub expires_at: Timestamp,
    /// How often sending was begun.
    pub attempts: i32,
    /// With which other messages it takes turns; `None` for what waits for no other, such as an invitation or a decoy.
    pub turn: Option<Turn>,
}

/// With which other messages one takes turns: those to its contact, the networks that asked for them in turn. Keyed
/// hashes, which name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The contact.
    pub contact: Digest,
    /// The contact and the network that asked: whose turn it is.
    pub asker: Digest,
    /// The network that asked, whatever the contact.
    pub network: Digest,
    /// Whether the contact belongs to an account.
    pub has_account: bool,
}
