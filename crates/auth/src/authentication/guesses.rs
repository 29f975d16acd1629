//! How guesses of passwords, and sign-ups, are counted: in the database, before any secret is looked at, alike for
//! accounts that exist and that don't (ADR 25).

use std::net::IpAddr;
use std::time::Duration;

use chrono::TimeDelta;
use domain::limit::{Attempt, Limit, Settled, network};
use domain::session::Digest;
use domain::store::Credentials;
use domain::{Actor, Email, PasswordHash, User, UserId};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Authentication;
use super::finish::go_on;
use super::turnstile::Pass;
use crate::error::AuthError;
use crate::hasher::{Place, Verdict};
use crate::password::Password;

/// For how long it is remembered that somebody was signed in from a network.
const KNOWN: TimeDelta = TimeDelta::days(90);
/// And how often that is written anew.
const REMEMBERED_EVERY: TimeDelta = TimeDelta::days(1);
/// A guess of a password that was counted. A right one is not counted in the end.
pub(super) struct Guess {
    attempts: Vec<Attempt>,
    /// Until it is known what became of it.
    _pass: Option<Pass>,
}

/// How long to wait before the database is asked again whether guesses on other instances are done: longer each time.
#[derive(Default)]
struct Pauses(u32);

impl Pauses {
    async fn pause(&mut self) {
        sleep(Duration::from_millis(20 << self.0)).await;
        self.0 = (self.0 + 1).min(3);
    }
}

impl Authentication {
    /// Waits until so few clients of one network are looking at the password of one account that this one may too.
    /// `None` when nothing is limited.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] when that takes longer than `until`.
    pub(super) async fn wait_for_turn(
        &self,
        actor: &Actor,
        email: &Email,
        until: Instant,
    ) -> Result<Option<Pass>, AuthError> {
        let key = self.mac(&[b"turn", email.as_str().as_bytes(), &network_of(actor)]);
        self.pass(key, Limit::Guesses, until).await
    }

    /// Lets so many requests of one network go on together, and the others after them. What they do in the database
    /// beside the hash would otherwise keep other networks waiting.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] when none is done before the place has to be served.
    pub(super) async fn admit(&self, actor: &Actor, mut place: Place) -> Result<Place, AuthError> {
        let key = self.mac(&[b"under way", &network_of(actor)]);
        let pass = self.turnstile.pass(key, self.inner.hasher.at_once(), place.until()).await;
        place.keep(pass.ok_or_else(|| self.inner.hasher.turned_away())?.into_permit());
        Ok(place)
    }

    /// Counts a sign-in. From a network that the account knows, only what this network guesses at this account counts.
    pub(super) async fn begin_sign_in(
        &self,
        actor: &Actor,
        email: &Email,
        found: Option<&Credentials>,
        until: Instant,
    ) -> Result<Option<Guess>, AuthError> {
        let mut pauses = Pauses::default();
        loop {
            let Some(guess) = self.sign_in_guess(actor, email, found, until).await? else { return Ok(None) };
            if let Some(guess) = self.take(guess, until).await? {
                return Ok(Some(guess));
            }
            pauses.pause().await;
        }
    }

    /// What a sign-in counts as. A first one that was right makes the network known to those who wait for it.
    async fn sign_in_guess(
        &self,
        actor: &Actor,
        email: &Email,
        found: Option<&Credentials>,
        until: Instant,
    ) -> Result<Option<Guess>, AuthError> {
        if !self.inner.settings.limits {
            return Ok(None);
        }
        let (network, account) = (network_of(actor), email.as_str().as_bytes());
        // A new password ends what was counted of the old one, everywhere.
        let hash = found.map_or("", |found| found.password_hash.expose()).as_bytes();
        let here = self.attempt("account", Limit::Guesses, &[b"password", account, hash, &network]);
        if self.is_known(actor, found).await? {
            return Ok(Some(Guess { attempts: vec![here], _pass: None }));
        }
        let in_all = self.attempt("account", Limit::GuessesInAll, &[b"password in all", account, hash]);
        let anywhere = self.attempt("address", Limit::GuessesAnywhere, &[b"password anywhere", &network]);
        let pass = self.pass(anywhere.key, anywhere.limit, until).await?;
        Ok(Some(Guess { attempts: vec![here, in_all, anywhere], _pass: pass }))
    }

    /// Counts the guess of their own password by somebody who is signed in. It
    /// does not count against sign-ins, nor do those against it.
    pub(super) async fn begin_change(&self, user: UserId, until: Instant) -> Result<Option<Guess>, AuthError> {
        let own = self.attempt("account", Limit::Guesses, &[b"password change", user.as_uuid().as_bytes()]);
        if !self.inner.settings.limits {
            return Ok(None);
        }
        let mut pauses = Pauses::default();
        loop {
            let pass = self.pass(own.key, own.limit, until).await?;
            if let Some(guess) = self.take(Guess { attempts: vec![own], _pass: pass }, until).await? {
                return Ok(Some(guess));
            }
            pauses.pause().await;
        }
    }

    /// Counts a guess; `None` when it has to wait for others that are under way on other instances.
    async fn take(&self, guess: Guess, until: Instant) -> Result<Option<Guess>, AuthError> {
        match self.inner.stores.attempts.take_attempts(&guess.attempts, self.now()).await.map_err(AuthError::from) {
            Ok(()) => Ok(Some(guess)),
            Err(AuthError::TooMany(too_many)) if too_many.is_under_way => {
                if Instant::now() < until {
                    Ok(None)
                } else {
                    Err(self.inner.hasher.turned_away())
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Notes what became of a guess.
    pub(super) async fn settle(&self, guess: Option<Guess>, settled: Settled) -> Result<(), AuthError> {
        let Some(guess) = guess else { return Ok(()) };
        Ok(self.inner.stores.attempts.settle_attempts(&guess.attempts, settled, self.now()).await?)
    }

    /// Notes what a guess was. One that no thread came free for does not count; whoever made it is
    /// told before that is written down.
    pub(super) async fn settle_verdict(
        &self,
        guess: Option<Guess>,
        verdict: Result<Verdict, AuthError>,
    ) -> Result<Verdict, AuthError> {
        if let Ok(verdict) = &verdict {
            let settled = if verdict.matches { Settled::Right } else { Settled::Wrong };
            self.settle(guess, settled).await?;
        } else {
            let auth = self.clone();
            go_on(async move { auth.settle(guess, Settled::Untried).await });
        }
        verdict
    }

    /// Hashes the password of somebody who signs up, which is counted. One that no thread came free for is not.
    pub(super) async fn hash_sign_up(
        &self,
        actor: &Actor,
        place: &mut Place,
        password: &Password,
    ) -> Result<PasswordHash, AuthError> {
        let attempts = self.sign_up_attempts(actor);
        self.inner.stores.attempts.take_attempts(&attempts, self.now()).await?;
        let hashed = self.inner.hasher.hash(place, password).await;
        if hashed.is_err() {
            let auth = self.clone();
            let untried = Guess { attempts, _pass: None };
            go_on(async move { auth.settle(Some(untried), Settled::Untried).await });
        }
        hashed
    }

    fn sign_up_attempts(&self, actor: &Actor) -> Vec<Attempt> {
        let settings = &self.inner.settings;
        if !settings.limits {
            return Vec::new();
        }
        let quota = |most| Limit::Quota { most, within: TimeDelta::hours(1) };
        let from_here = actor.origin.address.map(|_| {
            self.attempt("signups-address", quota(settings.signups_per_address), &[b"sign-up", &network_of(actor)])
        });
        let in_all = self.attempt("signups", quota(settings.signups_per_hour), &[b"sign-ups"]);
        from_here.into_iter().chain([in_all]).collect()
    }

    /// Remembers that somebody of the staff was let in from an address. Failing to does not keep them out.
    pub(super) async fn remember_network(&self, user: &User, address: Option<IpAddr>) {
        let Some(address) = address.filter(|_| self.inner.settings.limits && user.staff().is_some()) else { return };
        let until = self.now() + KNOWN;
        let network = self.known_network(user.id, address);
        let attempts = &self.inner.stores.attempts;
        if let Err(error) = attempts.remember_network(user.id, &network, until, until - REMEMBERED_EVERY).await {
            tracing::warn!(error = %domain::ErrorChain(&error), "from where somebody signed in was not remembered");
        }
    }

    /// Whether the owner was let in from the actor's network before. Asked for accounts that nobody has too, so that
    /// the time does not tell.
    async fn is_known(&self, actor: &Actor, found: Option<&Credentials>) -> Result<bool, AuthError> {
        let Some(address) = actor.origin.address else { return Ok(false) };
        let owner = found.map_or_else(|| Uuid::nil().into(), |found| found.user.id);
        let network = self.known_network(owner, address);
        Ok(self.inner.stores.attempts.knows_network(owner, &network, self.now()).await?)
    }

    fn known_network(&self, user: UserId, address: IpAddr) -> Digest {
        self.mac(&[b"known network", user.as_uuid().as_bytes(), network(address).to_string().as_bytes()])
    }

    async fn pass(&self, key: Digest, limit: Limit, until: Instant) -> Result<Option<Pass>, AuthError> {
        let Some(at_once) = limit.at_once().filter(|_| self.inner.settings.limits) else { return Ok(None) };
        let pass = self.turnstile.pass(key, at_once, until).await;
        pass.map(Some).ok_or_else(|| self.inner.hasher.turned_away())
    }

    fn attempt(&self, name: &'static str, limit: Limit, what: &[&[u8]]) -> Attempt {
        Attempt { key: self.mac(what), name, limit }
    }

    fn mac(&self, what: &[&[u8]]) -> Digest {
        self.secrets().attempts.mac(what)
    }
}

/// The actor's network, as it is counted; the same nothing for all who come from no address.
fn network_of(actor: &Actor) -> Vec<u8> {
    actor.origin.address.map(|address| network(address).to_string().into_bytes()).unwrap_or_default()
}
