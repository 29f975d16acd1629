//! What authentication and delivery must agree on. Authentication writes messages with codes, and delivery sends them.

use chrono::TimeDelta;

use crate::challenge::Message;
use crate::limit::{Attempt, Limit};
use crate::session::Digest;

/// The name of the limit of [`MessageKeys::contact_slot`].
pub const CONTACT_SLOT: &str = "contact_slot";

/// The keys under which messages are sealed and counted.
pub trait MessageKeys: Send + Sync {
    /// The code that a message carries; `None` if it was not sealed with these keys.
    fn unseal(&self, message: &Message) -> Option<String>;

    /// A keyed hash of what is counted, so that counters name nobody.
    fn hash(&self, parts: &[&[u8]]) -> Digest;

    /// The keyed hash of a contact. It is the same for all channels.
    fn contact(&self, contact: &str) -> Digest {
        self.hash(&[b"contact", contact.as_bytes()])
    }

    /// One message to a contact in 60 seconds.
    fn contact_slot(&self, contact: &Digest) -> Attempt {
        let limit = Limit::Quota { most: 1, within: TimeDelta::seconds(60) };
        Attempt { key: self.hash(&[b"slot", contact]), name: CONTACT_SLOT, limit }
    }
}
