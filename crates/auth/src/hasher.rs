//! Password hashes, made on threads of their own and never more at once than
//! the machine can bear: a flood of sign-ins leaves the other routes fast.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::digest;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bcrypt::HashParts;
use domain::{PasswordHash, ValueError};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::crypto::CryptoError;
use crate::error::AuthError;
use crate::password::Password;

/// bcrypt on a bounded number of threads. Clones share the threads.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Inner>);

struct Inner {
    cost: u32,
    permits: Arc<Semaphore>,
    waiting: AtomicU64,
    rejected: AtomicU64,
    computed: AtomicU64,
}

/// What a password check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the password is the one of the hash.
    pub matches: bool,
    /// Whether it is, and the hash is cheaper than new ones are.
    pub needs_rehash: bool,
}

/// How busy the hasher is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasherStats {
    /// Passwords that wait for a thread now.
    pub waiting: u64,
    /// Passwords turned away since the start.
    pub rejected: u64,
    /// Passwords hashed or checked since the start.
    pub computed: u64,
}

impl PasswordHasher {
    /// The cost when none is configured: a quarter to half a second on one core.
    pub const DEFAULT_COST: u32 = 12;
    /// The costs that may be configured.
    pub const COSTS: std::ops::RangeInclusive<u32> = 4..=15;
    /// How long a password waits for a thread before it is turned away.
    pub const PATIENCE: Duration = Duration::from_secs(2);

    /// The highest cost that is computed when a stored hash asks for it. More
    /// is a mistake or an attack: each step doubles the time.
    const MAX_STORED_COST: u32 = 16;

    /// A hasher for new hashes of this cost, on this many threads at once.
    ///
    /// # Errors
    /// `out_of_range` for a cost below 4 or above 15.
    pub fn new(cost: u32, threads: NonZeroUsize) -> Result<Self, ValueError> {
        if !Self::COSTS.contains(&cost) {
            return Err(ValueError::new("out_of_range", "must be from 4 to 15"));
        }
        Ok(Self(Arc::new(Inner {
            cost,
            permits: Arc::new(Semaphore::new(threads.get())),
            waiting: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            computed: AtomicU64::new(0),
        })))
    }

    /// All cores but one, which is left to everything else; at least one.
    #[must_use]
    pub fn default_threads() -> NonZeroUsize {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        NonZeroUsize::new(cores.saturating_sub(1)).unwrap_or(NonZeroUsize::MIN)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] when no thread comes free in time.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, AuthError> {
        let (material, cost) = (material(password), self.0.cost);
        let hash = self.run(move || bcrypt::non_truncating_hash(material.expose_secret(), cost)).await?;
        hash.map(PasswordHash::from_stored).map_err(|_| CryptoError.into())
    }

    /// Checks a password. Without a usable hash, and whatever is wrong with
    /// the password, it takes the time of a check.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] when no thread comes free in time.
    pub async fn verify(&self, password: &Password, stored: Option<&PasswordHash>) -> Result<Verdict, AuthError> {
        let (material, cost) = (material(password), self.0.cost);
        let usable = stored.and_then(|hash| Some((hash.expose().to_owned(), usable_cost(hash)?)));
        self.run(move || {
            if let Some((hash, stored_cost)) = usable {
                return verify_at_equal_time(material.expose_secret(), &hash, stored_cost, cost);
            }
            spend_a_check(material.expose_secret(), cost);
            Verdict { matches: false, needs_rehash: false }
        })
        .await
    }

    /// How busy it is, for metrics.
    #[must_use]
    pub fn stats(&self) -> HasherStats {
        HasherStats {
            waiting: self.0.waiting.load(Ordering::Relaxed),
            rejected: self.0.rejected.load(Ordering::Relaxed),
            computed: self.0.computed.load(Ordering::Relaxed),
        }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
        let permit = self.permit().await?;
        self.0.computed.fetch_add(1, Ordering::Relaxed);
        // The permit goes with the work: a caller who hangs up frees no thread that is still at it.
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| CryptoError.into())
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, AuthError> {
        let waiting = Waiting::new(&self.0.waiting);
        let permit = tokio::time::timeout(Self::PATIENCE, Arc::clone(&self.0.permits).acquire_owned()).await;
        drop(waiting);
        if let Ok(permit) = permit {
            return permit.map_err(|_| CryptoError.into());
        }
        self.0.rejected.fetch_add(1, Ordering::Relaxed);
        Err(AuthError::Overloaded { retry_after: Self::PATIENCE })
    }
}

/// Counts one waiter for as long as it lives, hung up or not.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn new(counter: &'a AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What bcrypt gets: the password itself, so that hashes from other systems
/// keep working, or a digest of one that bcrypt would cut off at 72 bytes or
/// take for a shorter one because of its NULs.
fn material(password: &Password) -> SecretString {
    const MAX_BYTES: usize = 71;
    let text = password.expose();
    if text.len() <= MAX_BYTES && !text.contains('\0') {
        return SecretString::from(text);
    }
    SecretString::from(BASE64_STANDARD.encode(digest::digest(&digest::SHA384, text.as_bytes())))
}

/// The cost of a stored hash that can be checked at all.
fn usable_cost(hash: &PasswordHash) -> Option<u32> {
    let cost = hash.expose().parse::<HashParts>().ok()?.get_cost();
    (PasswordHasher::COSTS.start()..=&PasswordHasher::MAX_STORED_COST).contains(&&cost).then_some(cost)
}

fn verify_at_equal_time(material: &str, hash: &str, stored_cost: u32, cost: u32) -> Verdict {
    let matches = bcrypt::non_truncating_verify(material, hash).unwrap_or(false);
    if !matches {
        // Each cost takes twice the time of the one before, so together with the
        // check above these add up to one check at the full cost: an old, cheap
        // hash does not tell a stranger that the account exists.
        (stored_cost..cost).for_each(|cost| spend_a_check(material, cost));
    }
    Verdict { matches, needs_rehash: matches && stored_cost < cost }
}

/// Does the work of a check whose outcome is known.
fn spend_a_check(material: &str, cost: u32) {
    let _ = std::hint::black_box(bcrypt::non_truncating_verify(material, &dummy_hash(cost)));
}

/// A well-formed hash of no password anybody knows. Being a constant, it costs nothing at start.
fn dummy_hash(cost: u32) -> String {
    format!("$2b${cost:02}$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(cost: u32) -> PasswordHasher {
        PasswordHasher::new(cost, NonZeroUsize::MIN).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let hasher = hasher(4);
        let hash = hasher.hash(&password("correct horse")).await.unwrap();
        let right = Verdict { matches: true, needs_rehash: false };
        assert_eq!(hasher.verify(&password("correct horse"), Some(&hash)).await.unwrap(), right);
        assert!(!hasher.verify(&password("correct hors"), Some(&hash)).await.unwrap().matches);
        assert_ne!(hash, hasher.hash(&password("correct horse")).await.unwrap());
    }

    #[tokio::test]
    async fn every_byte_of_a_long_password_counts() {
        let hasher = hasher(4);
        for length in [70, 71, 72, 73, 90, 127] {
            let hash = hasher.hash(&password(&format!("{}a", "x".repeat(length)))).await.unwrap();
            assert!(hasher.verify(&password(&format!("{}a", "x".repeat(length))), Some(&hash)).await.unwrap().matches);
            assert!(!hasher.verify(&password(&format!("{}b", "x".repeat(length))), Some(&hash)).await.unwrap().matches);
        }
        let hash = hasher.hash(&password("a\0a")).await.unwrap();
        assert!(!hasher.verify(&password("a"), Some(&hash)).await.unwrap().matches);
    }

    #[tokio::test]
    async fn hashes_of_other_systems_work() {
        // From the test vectors of OpenBSD and of PHP's password_hash.
        for (text, hash) in [
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"),
        ] {
            let verdict = hasher(8).verify(&password(text), Some(&PasswordHash::from_stored(hash.to_owned()))).await;
            assert_eq!(verdict.unwrap(), Verdict { matches: true, needs_rehash: true }, "{hash}");
        }
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
            let hash = PasswordHash::from_stored(hash.to_owned());
            assert!(!hasher.verify(&password("x"), Some(&hash)).await.unwrap().matches);
        }
        assert!(!hasher.verify(&password("x"), None).await.unwrap().matches);
        assert_eq!(hasher.stats().computed, 7);
    }

    #[test]
    fn the_dummy_is_a_hash_that_is_really_computed() {
        for cost in PasswordHasher::COSTS {
            assert_eq!(usable_cost(&PasswordHash::from_stored(dummy_hash(cost))), Some(cost));
        }
        assert!(matches!(bcrypt::non_truncating_verify("x", &dummy_hash(4)), Ok(false)));
        assert!(PasswordHasher::new(3, NonZeroUsize::MIN).is_err());
        assert!(PasswordHasher::new(16, NonZeroUsize::MIN).is_err());
    }

    #[tokio::test]
    async fn a_full_pool_turns_away_in_time_and_recovers() {
        let hasher = hasher(4);
        let held = Arc::clone(&hasher.0.permits).acquire_owned().await.unwrap();
        let started = tokio::time::Instant::now();
        let refused = hasher.hash(&password("x")).await;
        assert!(matches!(refused, Err(AuthError::Overloaded { .. })));
        assert!(started.elapsed() < Duration::from_millis(2500));
        assert_eq!(hasher.stats(), HasherStats { waiting: 0, rejected: 1, computed: 0 });
        drop(held);
        assert!(hasher.hash(&password("x")).await.is_ok());
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_leaves_the_thread_taken_until_it_is_done() {
        let hasher = hasher(12);
        let abandoned = hasher.clone();
        let task = tokio::spawn(async move { abandoned.hash(&password("x")).await });
        while hasher.stats().computed == 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.is_err());
        assert_eq!(hasher.0.permits.available_permits(), 0);
    }
}
