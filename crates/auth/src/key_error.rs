//! Why the keys could not be made or read.

use domain::key::KeyPurpose;
use domain::store::StoreError;

use crate::crypto::CryptoError;

/// The fewest characters that a master key may have. It must be random, since it is not stretched.
/// `openssl rand -base64 32` makes one of 44 characters.
pub const MASTER_KEY_MIN_LENGTH: usize = 16;

/// Why the keys could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A stored key is sealed and no master key is configured.
    #[error("key {id} is sealed: auth.master_key must be set to the key it was sealed with")]
    MasterKeyMissing { id: String },
    /// A stored key is sealed with another master key.
    #[error("key {id} does not open: auth.master_key is not the one it was sealed with")]
    MasterKeyWrong { id: String },
    /// The configured master key is easily guessed.
    #[error("auth.master_key has {length} characters; allowed is {MASTER_KEY_MIN_LENGTH} or more, drawn at random")]
    MasterKeyTooShort {
        /// The length of the configured key, in characters.
        length: usize,
    },
    /// A stored key is not of the form that its purpose needs.
    #[error("key {id} is damaged")]
    Damaged { id: String },
    /// The store kept no key for a purpose.
    #[error("there is no {0} key")]
    Missing(KeyPurpose),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl KeyError {
    /// Whether another `auth.master_key` mends it.
    #[must_use]
    pub fn is_of_master_key(&self) -> bool {
        matches!(self, Self::MasterKeyMissing { .. } | Self::MasterKeyWrong { .. } | Self::MasterKeyTooShort { .. })
    }
}
