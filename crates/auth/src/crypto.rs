//! The cryptographic primitives of this crate, from aws-lc-rs.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac, rand};
use domain::session::Digest;

/// The crypto library refused to work: no randomness, or a key of the wrong size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library failed")]
pub struct CryptoError;

impl From<aws_lc_rs::error::Unspecified> for CryptoError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Compares in a time that depends only on the lengths.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

/// HKDF with SHA-256 (RFC 5869): one key of 256 bits for each `info`.
pub(crate) fn derive(secret: &[u8], info: &str) -> Result<[u8; 32], CryptoError> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"clientele").extract(secret);
    let info = [info.as_bytes()];
    let expanded = extracted.expand(&info, hkdf::HKDF_SHA256)?;
    let mut out = [0; 32];
    expanded.fill(&mut out)?;
    Ok(out)
}

/// Joins several values. Two different lists never give the same bytes.
pub(crate) fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// HMAC-SHA-256 (RFC 2104) over lists of values.
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    pub(crate) fn derived(secret: &[u8], info: &str) -> Result<Self, CryptoError> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, info)?)))
    }

    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Digest {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.0, &join(parts)).as_ref());
        out
    }
}

/// AES-256-GCM with random nonces. The sealed form is nonce, text, tag.
pub(crate) struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    pub(crate) fn derived(secret: &[u8], info: &str) -> Result<Self, CryptoError> {
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, &derive(secret, info)?)?))
    }

    /// Seals `plain`. It opens only with the same `context`.
    pub(crate) fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut text = plain.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(context), &mut text)?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// The text that was sealed; `None` for another key, another context or a changed text.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        self.0.open_in_place(nonce, Aad::from(context), &mut text).ok().map(|plain| plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_lists_are_unambiguous() {
        assert_ne!(join(&[b"ab", b"c"]), join(&[b"a", b"bc"]));
        assert_ne!(join(&[b"ab"]), join(&[b"ab", b""]));
    }

    #[test]
    fn sealed_text_opens_with_its_key_and_context_only() {
        let key = SealingKey::derived(b"secret", "a").unwrap();
        let mut sealed = key.seal(b"context", b"123456").unwrap();
        assert_eq!(key.open(b"context", &sealed).unwrap(), b"123456");
        assert_eq!(key.open(b"another", &sealed), None);
        assert_eq!(SealingKey::derived(b"secret", "b").unwrap().open(b"context", &sealed), None);
        sealed[NONCE_LEN] ^= 1;
        assert_eq!(key.open(b"context", &sealed), None);
        assert_eq!(key.open(b"context", b"short"), None);
    }
}
