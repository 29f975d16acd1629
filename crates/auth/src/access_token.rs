//! Access tokens: signed, short-lived, and never the last word. They say whose session it is; whether it lives, the
//! database says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::key::TokenAlgorithm;
use domain::session::Digest;
use domain::{Clock, Role, SessionId, User, UserId};
use jsonwebtoken::{Algorithm, Header, Validation};
use metrics::counter;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounded_map::BoundedMap;
use crate::crypto::{CryptoError, sha256};
use crate::error::AuthError;
use crate::key_error::KeyError;
use crate::keys::KeyRing;
use crate::signer::{self, Signer};

/// What an access token says about itself, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// `iss` of the tokens that are issued.
    pub issuer: String,
    /// Whether tokens of another instance, which names itself by the address that it listens on, are accepted, too:
    /// where no common URL is configured. That one of our own keys signed a token is checked in any case.
    pub accepts_addresses: bool,
    /// `aud`
    pub audience: String,
    /// From `iat` to `exp`.
    pub ttl: TimeDelta,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            issuer: "clientele".to_owned(),
            accepts_addresses: false,
            audience: "clientele".to_owned(),
            ttl: TimeDelta::minutes(15),
        }
    }
}

/// Issues and checks access tokens (RFC 9068).
#[derive(Clone)]
pub struct AccessTokens {
    keys: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    settings: Arc<TokenSettings>,
    issuer: Arc<str>,
    audience: Arc<str>,
    validations: Arc<[(TokenAlgorithm, Validation)]>,
    /// By the digest of the whole token. A forged one never gets here, so it takes no place and moves nobody out.
    verified: Arc<BoundedMap<Digest, Verified>>,
}

/// A token whose signature and claims were found to be good. Whether its key still is, and whether it is timely, is
/// asked at each use.
#[derive(Clone)]
struct Verified {
    key: Arc<Signer>,
    claims: Arc<Claims>,
}

/// What an access token says. Nothing personal is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    #[serde(with = "shared_text")]
    pub iss: Arc<str>,
    #[serde(with = "shared_text")]
    pub aud: Arc<str>,
    /// Whose token it is.
    pub sub: UserId,
    /// Their role when it was issued.
    pub role: Role,
    /// The session it belongs to.
    pub sid: SessionId,
    pub jti: Uuid,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it stops working, in seconds since 1970.
    pub exp: i64,
    /// When it begins to work, in seconds since 1970. Ours work at once and lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// Texts that several hold, as JSON.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Into::into)
    }
}

impl AccessTokens {
    /// The `typ` of the header (RFC 9068 section 2.1).
    const TYPE: &'static str = "at+jwt";
    /// How far ahead of ours the clock of an issuing instance may be, in seconds.
    const LEEWAY: i64 = 5;
    /// Ours are under 500 bytes; nothing longer is worth decoding.
    const MAX_LENGTH: usize = 2048;
    /// About how many bytes a verified token takes in memory, and most of all.
    const VERIFIED_WEIGHT: usize = 240;
    const MAX_VERIFIED_WEIGHT: usize = 20 * 1024 * 1024;

    /// Tokens signed with the keys of the ring.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, clock: Arc<dyn Clock>, settings: TokenSettings) -> Self {
        let validations = TokenAlgorithm::ALL.iter().map(|&algorithm| (algorithm, validation(algorithm, &settings)));
        let lifetime = settings.ttl.to_std().unwrap_or(Duration::ZERO);
        let verified = Arc::new(BoundedMap::new(Self::MAX_VERIFIED_WEIGHT, lifetime));
        let (issuer, audience) = (settings.issuer.as_str().into(), settings.audience.as_str().into());
        let validations = validations.collect();
        Self { keys, clock, settings: Arc::new(settings), issuer, audience, validations, verified }
    }

    /// Seconds from the issue of a token to its end.
    #[must_use]
    pub fn ttl_seconds(&self) -> i64 {
        self.settings.ttl.num_seconds()
    }

    /// A token for a session of the person. Answers how many seconds it is good for, too.
    pub fn issue(&self, user: &User, session: SessionId) -> Result<(SecretString, i64), AuthError> {
        let signer = self.keys.signer().ok_or(CryptoError)?;
        let mut header = Header::new(signer::jwt(signer.algorithm));
        header.typ = Some(Self::TYPE.to_owned());
        header.kid = Some(signer.kid.clone());
        let issued_at = self.clock.now().timestamp();
        let claims = Claims {
            iss: Arc::clone(&self.issuer),
            aud: Arc::clone(&self.audience),
            sub: user.id,
            role: user.role(),
            sid: session,
            jti: self.clock.new_id(),
            iat: issued_at,
            exp: issued_at + self.ttl_seconds(),
            nbf: None,
        };
        let token = jsonwebtoken::encode(&header, &claims, &signer.encoding).map_err(|_| CryptoError)?;
        Ok((token.into(), self.ttl_seconds()))
    }

    /// What a token says, if it is one of ours and timely. A signature is checked once; a token that was seen before is
    /// found by its digest.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`]; [`AuthError::Store`] when its key is unknown here and the database cannot be asked
    /// for it.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>, AuthError> {
        if token.len() > Self::MAX_LENGTH {
            return Err(AuthError::InvalidToken);
        }
        let digest = sha256(token.as_bytes());
        let known = self.verified.get(&digest).filter(|verified| self.keys.accepts(&verified.key.kid));
        let source = if known.is_some() { "memory" } else { "signature" };
        counter!("clientele_token_checks_total", "source" => source).increment(1);
        if let Some(known) = known {
            return if self.is_timely(&known.claims) { Ok(known.claims.clone()) } else { Err(AuthError::InvalidToken) };
        }
        let verified = self.check_signature(token).await?;
        if !self.is_timely(&verified.claims) {
            return Err(AuthError::InvalidToken);
        }
        let claims = Arc::clone(&verified.claims);
        self.verified.insert(digest, verified, Self::VERIFIED_WEIGHT);
        Ok(claims)
    }

    /// Checks everything but the times.
    async fn check_signature(&self, token: &str) -> Result<Verified, AuthError> {
        let (kid, algorithm) = Self::key_of(token).ok_or(AuthError::InvalidToken)?;
        let key = match self.keys.verifier(&kid).await {
            Ok(key) => key.filter(|key| signer::jwt(key.algorithm) == algorithm).ok_or(AuthError::InvalidToken)?,
            Err(KeyError::Store(error)) => return Err(error.into()),
            Err(_) => return Err(CryptoError.into()),
        };
        let validation = self.validation(key.algorithm).ok_or(AuthError::InvalidToken)?;
        let token = jsonwebtoken::decode::<Claims>(token, &key.decoding, validation);
        let mut claims = token.map_err(|_| AuthError::InvalidToken)?.claims;
        if !self.is_ours(&claims) {
            return Err(AuthError::InvalidToken);
        }
        self.share_texts(&mut claims);
        Ok(Verified { key, claims: Arc::new(claims) })
    }

    /// Tokens that are remembered hold these texts in common: they are the same in nearly all of them.
    fn share_texts(&self, claims: &mut Claims) {
        if claims.iss == self.issuer {
            claims.iss = Arc::clone(&self.issuer);
        }
        claims.aud = Arc::clone(&self.audience);
    }

    fn validation(&self, algorithm: TokenAlgorithm) -> Option<&Validation> {
        self.validations.iter().find(|(of, _)| *of == algorithm).map(|(_, validation)| validation)
    }

    /// The key and the algorithm that the header names. Of the rest, what bears on the meaning is checked and what
    /// brings keys of its own is ignored (RFC 8725 section 3).
    fn key_of(token: &str) -> Option<(String, Algorithm)> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let typ = header.typ.as_deref()?;
        let is_ours = (typ == Self::TYPE || typ.strip_prefix("application/") == Some(Self::TYPE))
            && header.crit.is_none()
            && header.cty.is_none()
            && !header.extras.inner().contains_key("b64");
        let algorithm = header.alg;
        header.kid.filter(|_| is_ours).map(|kid| (kid, algorithm))
    }

    /// From this installation.
    fn is_ours(&self, claims: &Claims) -> bool {
        claims.iss == self.issuer
            || (self.settings.accepts_addresses
                && claims.iss.strip_prefix("http://").is_some_and(|address| address.parse::<SocketAddr>().is_ok()))
    }

    /// Within its time. `exp` has no leeway: a token that ends a moment early does no harm.
    fn is_timely(&self, claims: &Claims) -> bool {
        let now = self.clock.now().timestamp();
        let begun = |at: i64| at <= now.saturating_add(Self::LEEWAY);
        begun(claims.iat) && claims.nbf.is_none_or(begun) && now < claims.exp && claims.iat <= claims.exp
    }
}

/// What the library checks of a token of this algorithm. It reads the computer's clock; ours is asked in `is_timely`.
fn validation(algorithm: TokenAlgorithm, settings: &TokenSettings) -> Validation {
    let mut validation = Validation::new(signer::jwt(algorithm));
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation
}

#[cfg(test)]
mod tests;
