//! Keys that all instances share through the database.

use crate::clock::Timestamp;
use crate::names::named;

named! {
    /// What a key is for.
    KeyPurpose {
        /// Signs access tokens (PKCS#8).
        AccessToken => "access_token",
        /// Keys the hashes of codes and refresh tokens, and seals codes on their way (256 bits).
        Codes => "codes",
    }
}

named! {
    /// What access tokens are signed with (RFC 7518 section 3.1, RFC 8037 section 3.1).
    TokenAlgorithm {
        /// ECDSA over P-256 with SHA-256: what most other software can check.
        Es256 => "ES256",
        /// Ed25519.
        EdDsa => "EdDSA",
        /// RSASSA-PKCS1-v1_5 with SHA-256, of 2048 bits: for software that checks nothing else.
        Rs256 => "RS256",
    }
}

/// A key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The `kid`: for signing keys the RFC 7638 thumbprint.
    pub id: String,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// What it signs with, if it signs.
    pub algorithm: Option<TokenAlgorithm>,
    /// The key, sealed when a master key is configured.
    pub secret: Vec<u8>,
    /// Whether `secret` is sealed.
    pub is_sealed: bool,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub active_from: Timestamp,
    /// When it stops being accepted; `None` while it is current.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey").field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
