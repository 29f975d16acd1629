//! Hashes passwords on a bounded number of separate threads, so that the other routes stay fast during a flood of
//! sign-ins.

mod engine;
mod queue;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bcrypt::HashParts;
use clientele_bcrypt::{Digest, SALT_BYTES};
use domain::{PasswordHash, ValueError};
use secrecy::SecretString;
use tokio::time::Instant;

pub use engine::BcryptEngine;
pub(crate) use queue::PATIENCE;
pub use queue::{HashPermit, HasherStats};

use crate::crypto::{CryptoError, equal, random};
use crate::error::AuthError;
use crate::password::Password;
use engine::Engine;
use queue::Queue;

/// bcrypt on a bounded number of threads. Clones share the threads.
#[derive(Clone)]
pub struct PasswordHasher {
    cost: u32,
    queue: Arc<Queue>,
    engine: Arc<Engine>,
}

/// What a password check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the hash is of this password.
    pub matches: bool,
    /// The new hash, if one was asked for and the password was right. It is made in the same slot, so that the caller
    /// waits only once.
    pub new: Option<PasswordHash>,
}

/// What to hash after a right password.
#[derive(Clone, Copy, Debug)]
pub enum Then<'p> {
    Nothing,
    /// The same password, if its stored hash has a lower cost than new hashes.
    Renew,
    /// The password that replaces it.
    Replace(&'p Password),
}

impl PasswordHasher {
    /// The costs that may be configured.
    pub const COSTS: std::ops::RangeInclusive<u32> = 4..=15;
    /// The highest cost that is computed for a stored hash. Each step doubles the time, so a higher cost is a mistake
    /// or an attack.
    const MAX_STORED_COST: u32 = 16;

    /// A hasher that makes new hashes of this cost on this number of threads.
    ///
    /// # Errors
    /// `out_of_range` for a cost below 4 or above 15; `unavailable` when the system gives no threads.
    pub fn new(cost: u32, threads: NonZeroUsize, engine: BcryptEngine) -> Result<Self, ValueError> {
        if !Self::COSTS.contains(&cost) {
            return Err(ValueError::new("out_of_range", "must be from 4 to 15"));
        }
        let slots = threads.saturating_mul(engine.lanes());
        let engine = Engine::start(engine, threads)
            .map_err(|_| ValueError::new("unavailable", "the system gives no threads for password hashes"))?;
        Ok(Self { cost, queue: Arc::new(Queue::new(slots, usual_time(cost))), engine: Arc::new(engine) })
    }

    /// One thread for each core. They have a lower priority than the threads that answer requests.
    #[must_use]
    pub fn default_threads() -> NonZeroUsize {
        std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
    }

    /// A place in the queue for a request from this address. The request takes it before it does any other work. Each
    /// network (an IPv4 address, or a /64 of IPv6) has a share of the queue.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`], at once, when too many requests wait already and no network has more of them than
    /// this one.
    pub fn enter(&self, address: Option<IpAddr>) -> Result<HashPermit, AuthError> {
        self.enter_until(address, Instant::now() + PATIENCE)
    }

    /// The same for a request that arrived earlier.
    pub(crate) fn enter_until(&self, address: Option<IpAddr>, until: Instant) -> Result<HashPermit, AuthError> {
        self.queue.enter(address, until)
    }

    /// How many requests of one network may be under way together.
    pub(crate) fn at_once(&self) -> u32 {
        self.queue.at_once()
    }

    /// The refusal of a request that waited in vain. Counts it.
    pub(crate) fn turned_away(&self) -> AuthError {
        self.queue.turned_away()
    }

    /// Hashes a new password.
    pub async fn hash(&self, permit: &mut HashPermit, password: &Password) -> Result<PasswordHash, AuthError> {
        let (engine, material, cost) = (Arc::clone(&self.engine), material(password), self.cost);
        Ok(permit.run(async move { hash(&engine, &material, cost).await }).await??)
    }

    /// Checks a password. This takes the time of a check even without a usable hash, and whatever is wrong with the
    /// password.
    pub async fn verify(
        &self,
        permit: &mut HashPermit,
        password: &Password,
        stored: Option<&PasswordHash>,
        then: Then<'_>,
    ) -> Result<Verdict, AuthError> {
        let (engine, material, cost) = (Arc::clone(&self.engine), material(password), self.cost);
        let stored = stored.and_then(StoredHash::parse);
        let next = match (then, &stored) {
            (Then::Renew, Some(stored)) if stored.cost < cost => Some(material.clone()),
            (Then::Replace(password), Some(_)) => Some(self::material(password)),
            _ => None,
        };
        let work = async move {
            let matches = match stored {
                Some(stored) => stored.matches_at_equal_time(&engine, &material, cost).await?,
                None => spend_a_check(&engine, &material, cost).await.map(|()| false)?,
            };
            let new = match next.filter(|_| matches) {
                Some(next) => Some(hash(&engine, &next, cost).await?),
                None => None,
            };
            Ok::<_, CryptoError>(Verdict { matches, new })
        };
        Ok(permit.run(work).await??)
    }

    /// How busy it is, for metrics.
    #[must_use]
    pub fn stats(&self) -> HasherStats {
        self.queue.stats()
    }
}

/// An estimate until hashes were measured: a quarter of a second at cost 12, and twice the time for each step.
fn usual_time(cost: u32) -> Duration {
    Duration::from_micros(61 << cost)
}

async fn hash(engine: &Engine, material: &SecretString, cost: u32) -> Result<PasswordHash, CryptoError> {
    let salt = random()?;
    let digest = engine.digest(cost, material, salt).await?;
    Ok(PasswordHash::from_stored(written(cost, salt, digest)))
}

/// bcrypt's own Base64.
const BASE64_BCRYPT: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::BCRYPT, NO_PAD);

fn written(cost: u32, salt: [u8; SALT_BYTES], digest: Digest) -> String {
    format!("$2b${cost:02}${}{}", BASE64_BCRYPT.encode(salt), BASE64_BCRYPT.encode(digest))
}

/// The input of bcrypt. It is the password itself, so that hashes from other systems keep working. bcrypt cuts off a
/// password at 72 bytes and ends it at a NUL; for such a password the input is a digest.
fn material(password: &Password) -> SecretString {
    const MAX_BYTES: usize = 71;
    let text = password.expose();
    if text.len() <= MAX_BYTES && !text.contains('\0') {
        return SecretString::from(text);
    }
    SecretString::from(BASE64_STANDARD.encode(digest::digest(&digest::SHA384, text.as_bytes())))
}

/// A hash that can be checked.
struct StoredHash {
    cost: u32,
    salt: [u8; SALT_BYTES],
    /// The hash in the form in which new hashes are written, whatever prefix it had.
    text: String,
}

impl StoredHash {
    fn parse(hash: &PasswordHash) -> Option<Self> {
        let parts: HashParts = hash.expose().parse().ok()?;
        let cost = parts.get_cost();
        let is_usable = (PasswordHasher::COSTS.start()..=&PasswordHasher::MAX_STORED_COST).contains(&&cost);
        is_usable.then(|| Self { cost, salt: parts.get_salt_raw(), text: parts.to_string() })
    }

    async fn matches_at_equal_time(
        &self,
        engine: &Engine,
        material: &SecretString,
        cost: u32,
    ) -> Result<bool, CryptoError> {
        let digest = engine.digest(self.cost, material, self.salt).await?;
        let matches = equal(written(self.cost, self.salt, digest).as_bytes(), self.text.as_bytes());
        if !matches {
            // Each cost takes twice the time of the one before. So these checks and the one above take together as long
            // as one check at the full cost. Otherwise, the time of an old, cheap hash would show that the account
            // exists.
            for cost in self.cost..cost {
                spend_a_check(engine, material, cost).await?;
            }
        }
        Ok(matches)
    }
}

/// Takes the time of a check.
async fn spend_a_check(engine: &Engine, material: &SecretString, cost: u32) -> Result<(), CryptoError> {
    engine.digest(cost, material, [0; SALT_BYTES]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(cost: u32) -> PasswordHasher {
        PasswordHasher::new(cost, NonZeroUsize::MIN, BcryptEngine::default()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    async fn hashed(hasher: &PasswordHasher, text: &str) -> PasswordHash {
        hasher.hash(&mut hasher.enter(None).unwrap(), &password(text)).await.unwrap()
    }

    async fn verdict(hasher: &PasswordHasher, text: &str, stored: &PasswordHash, then: Then<'_>) -> Verdict {
        hasher.verify(&mut hasher.enter(None).unwrap(), &password(text), Some(stored), then).await.unwrap()
    }

    async fn opens(hasher: &PasswordHasher, text: &str, stored: &PasswordHash) -> bool {
        verdict(hasher, text, stored, Then::Nothing).await.matches
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let hasher = hasher(4);
        let hash = hashed(&hasher, "correct horse").await;
        let right = Verdict { matches: true, new: None };
        for then in [Then::Nothing, Then::Renew] {
            assert_eq!(verdict(&hasher, "correct horse", &hash, then).await, right);
        }
        assert!(!opens(&hasher, "correct hors", &hash).await);
        assert_ne!(hash, hashed(&hasher, "correct horse").await);
    }

    #[tokio::test]
    async fn every_byte_of_a_long_password_counts() {
        let hasher = hasher(4);
        for length in [70, 71, 72, 73, 90, 127] {
            let hash = hashed(&hasher, &format!("{}a", "x".repeat(length))).await;
            assert!(opens(&hasher, &format!("{}a", "x".repeat(length)), &hash).await);
            assert!(!opens(&hasher, &format!("{}b", "x".repeat(length)), &hash).await);
        }
        let hash = hashed(&hasher, "a\0a").await;
        assert!(!opens(&hasher, "a", &hash).await);
    }

    #[tokio::test]
    async fn hashes_of_other_systems_work_and_are_renewed() {
        // From the test vectors of OpenBSD and of PHP's password_hash.
        for (text, hash) in [
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"),
        ] {
            let (hasher, hash) = (hasher(8), PasswordHash::from_stored(hash.to_owned()));
            let verdict = verdict(&hasher, text, &hash, Then::Renew).await;
            let new = verdict.new.unwrap();
            assert!(verdict.matches && opens(&hasher, text, &new).await && new.expose().starts_with("$2b$08$"));
            assert_eq!(hasher.stats().computed, 2, "checked and renewed in one go");
        }
    }

    #[tokio::test]
    async fn only_a_right_password_is_replaced() {
        let hasher = hasher(4);
        let (old, next) = (hashed(&hasher, "old").await, password("new"));
        let new = verdict(&hasher, "old", &old, Then::Replace(&next)).await.new.unwrap();
        assert!(opens(&hasher, "new", &new).await);
        assert_eq!(verdict(&hasher, "wrong", &old, Then::Replace(&next)).await, Verdict { matches: false, new: None });
    }

    #[tokio::test]
    async fn what_is_no_hash_matches_nothing_and_costs_a_check() {
        let hasher = hasher(4);
        let stored = [
            "!",
            "",
            "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232",
            "$2b$03$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232",
            "$2b$04$яbcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0122",
            "plain text",
        ];
        for hash in stored {
            assert!(!opens(&hasher, "x", &PasswordHash::from_stored(hash.to_owned())).await);
        }
        let mut permit = hasher.enter(None).unwrap();
        assert!(!hasher.verify(&mut permit, &password("x"), None, Then::Renew).await.unwrap().matches);
        assert_eq!(hasher.stats().computed, 7);
    }

    #[test]
    fn a_cost_has_its_bounds() {
        for cost in [3, 16] {
            assert!(PasswordHasher::new(cost, NonZeroUsize::MIN, BcryptEngine::default()).is_err());
        }
    }

    #[tokio::test]
    async fn hashes_are_those_of_the_crate() {
        let hasher = hasher(4);
        let ours = hashed(&hasher, "correct horse").await;
        assert!(bcrypt::verify("correct horse", ours.expose()).unwrap());
        let theirs = PasswordHash::from_stored(bcrypt::hash("correct horse", 4).unwrap());
        assert!(opens(&hasher, "correct horse", &theirs).await);
    }
}
