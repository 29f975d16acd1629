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
    /// What a code is for. A code for one purpose does not work for another.
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
    /// Whether its codes stop working when the person's password changes. These are the codes for somebody who gave the
    /// old password, and the codes that replace it.
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

/// How many codes may be tried for one challenge.
pub const MAX_TRIES: u8 = 5;

/// A challenge: somebody is asked for a one-time code. The code is stored as a keyed hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Identifies the challenge to its holder.
    pub id: ChallengeId,
    /// What it is for.
    pub purpose: Purpose,
    /// Keyed hash of the contact and the network that asked. Each purpose and subject has one open challenge.
    pub subject: Digest,
    /// The person whom the code is for, if they have an account.
    pub user_id: Option<UserId>,
    /// Over which channel the code went.
    pub channel: VerificationMethod,
    /// Where the code went. It is empty for a decoy, whose code nobody gets.
    pub contact: String,
    /// Keyed hash of the code, bound to challenge, purpose and contact.
    pub code_digest: Digest,
    /// How many codes were tried, including the current one.
    pub tries: u8,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// The data of a sign-up, until the code proves the contact.
    pub pending: Option<Pending>,
}

impl Challenge {
    /// Whether a code can still be tried.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.tries < MAX_TRIES && now < self.expires_at
    }
}

/// The data of a sign-up, stored until its code comes back. It is serialized only for storage.
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
        /// The stored form of the password. A hash is serialized only here.
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

/// A code that is to be sent. It is written with its challenge, and sent after the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Identifies the message to gateways, so that they recognise a retry.
    pub id: MessageId,
    /// Over which channel.
    pub channel: VerificationMethod,
    /// Where to. It is empty for a decoy, which is dropped when it would be sent.
    pub recipient: String,
    /// What the code is for.
    pub purpose: Purpose,
    /// The challenge whose code it is.
    pub challenge_id: ChallengeId,
    /// The code, sealed.
    pub sealed_code: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// After this moment, the message is not sent any more.
    pub expires_at: Timestamp,
    /// How many times somebody has begun to send it.
    pub attempts: i32,
    /// With which other messages it takes turns; `None` for a message that waits for no other, such as an invitation or
    /// a decoy.
    pub turn: Option<Turn>,
}

/// With which other messages a message takes turns. The messages to one contact are sent in turn, one network that
/// asked after the other. All parts are keyed hashes and name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The contact.
    pub contact: Digest,
    /// The contact together with the network that asked. These take turns.
    pub asker: Digest,
    /// The network that asked.
    pub network: Digest,
    /// Whether the contact belongs to an account.
    pub has_account: bool,
}
