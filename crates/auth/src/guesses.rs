//! Counts guesses of passwords in the database before any secret is looked at, alike for accounts that exist and for
//! those that do not (ADR 25). Remembers from which networks people were signed in, since strangers elsewhere must not
//! keep them out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::limit::{Attempt, Limit, Settled, network};
use domain::session::Digest;
use domain::store::{AttemptStore, AuditStore, Credentials};
use domain::{Actor, Email, User, UserId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::detached;
use crate::env::{Env, network_of};
use crate::error::AuthError;
use crate::hasher::Verdict;
use crate::sign_in_admission::SignInAdmission;

/// Counts guesses of passwords.
#[derive(Clone)]
pub(crate) struct Guesses {
    pub(crate) env: Arc<Env>,
    pub(crate) attempts: Arc<dyn AttemptStore>,
    pub(crate) audit: Arc<dyn AuditStore>,
    pub(crate) networks: Arc<KnownNetworks>,
    pub(crate) admission: Arc<SignInAdmission>,
}

/// A guess of a password that was counted. A right guess is taken back later.
pub(crate) struct Guess {
    attempts: Vec<Attempt>,
    /// Held until the outcome is known.
    _pass: Option<OwnedSemaphorePermit>,
}

/// How long to wait before the database is asked again whether guesses on other instances are done. Each pause is
/// longer.
#[derive(Default)]
struct Pauses(u32);

impl Pauses {
    async fn pause(&mut self) {
        sleep(Duration::from_millis(20 << self.0)).await;
        self.0 = (self.0 + 1).min(3);
    }
}

impl Guesses {
    /// Waits until this client may guess. Only a few clients of one network may guess at one account at once. `None`
    /// when limits are off.
    pub(crate) async fn wait_for_turn(
        &self,
        actor: &Actor,
        email: &Email,
        until: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, AuthError> {
        let key = self.env.hash(&[b"turn", email.as_str().as_bytes(), network_of(actor).as_bytes()]);
        self.pass(key, Limit::Guesses, until).await
    }

    /// Counts a sign-in. If the account knows the network, only the guesses from this network at this account count.
    /// `None` when limits are off.
    pub(crate) async fn begin_sign_in(
        &self,
        actor: &Actor,
        email: &Email,
        found: Option<&Credentials>,
        until: Instant,
    ) -> Result<Option<Guess>, AuthError> {
        if !self.env.settings.limits {
            return Ok(None);
        }
        let mut pauses = Pauses::default();
        loop {
            let guess = self.sign_in_guess(actor, email, found, until).await?;
            if let Some(guess) = self.take(guess, until).await? {
                return Ok(Some(guess));
            }
            pauses.pause().await;
        }
    }

    /// The attempts that a sign-in counts as. This is asked again after each wait, since a right guess meanwhile makes
    /// the network known.
    async fn sign_in_guess(
        &self,
        actor: &Actor,
        email: &Email,
        found: Option<&Credentials>,
        until: Instant,
    ) -> Result<Guess, AuthError> {
        let (network, account) = (network_of(actor).into_bytes(), email.as_str().as_bytes());
        // The hash is part of the key, so that a new password ends all counters of the old one.
        let hash = found.map_or("", |found| found.password_hash.expose()).as_bytes();
        let here = self.env.attempt("account", Limit::Guesses, &[b"password", account, hash, &network]);
        if self.networks.knows(actor, found).await? {
            return Ok(Guess { attempts: vec![here], _pass: None });
        }
        let in_all = self.env.attempt("account", Limit::GuessesInAll, &[b"password in all", account, hash]);
        let anywhere = self.env.attempt("address", Limit::GuessesAnywhere, &[b"password anywhere", &network]);
        let pass = self.pass(anywhere.key, anywhere.limit, until).await?;
        Ok(Guess { attempts: vec![here, in_all, anywhere], _pass: pass })
    }

    /// Counts a guess by somebody who is signed in at their own password. It is counted apart from sign-ins.
    pub(crate) async fn begin_own(&self, user: UserId, until: Instant) -> Result<Option<Guess>, AuthError> {
        if !self.env.settings.limits {
            return Ok(None);
        }
        let own = self.env.attempt("account", Limit::Guesses, &[b"password change", user.as_uuid().as_bytes()]);
        let mut pauses = Pauses::default();
        loop {
            let pass = self.pass(own.key, own.limit, until).await?;
            if let Some(guess) = self.take(Guess { attempts: vec![own], _pass: pass }, until).await? {
                return Ok(Some(guess));
            }
            pauses.pause().await;
        }
    }

    /// Counts a guess; `None` when it has to wait for guesses that are under way on other instances.
    async fn take(&self, guess: Guess, until: Instant) -> Result<Option<Guess>, AuthError> {
        match self.attempts.take_attempts(&guess.attempts, self.env.now()).await.map_err(AuthError::from) {
            Ok(()) => Ok(Some(guess)),
            Err(AuthError::TooMany(too_many)) if too_many.is_under_way => {
                if Instant::now() < until {
                    Ok(None)
                } else {
                    Err(self.env.hasher.turned_away())
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Notes the outcome of a guess. A guess for which no thread became free does not count; the caller is answered
    /// before it is taken back.
    pub(crate) async fn settle(
        &self,
        guess: Option<Guess>,
        verdict: Result<Verdict, AuthError>,
    ) -> Result<Verdict, AuthError> {
        let Some(guess) = guess else { return verdict };
        if let Ok(verdict) = &verdict {
            let settled = if verdict.matches { Settled::Right } else { Settled::Wrong };
            self.attempts.settle_attempts(&guess.attempts, settled, self.env.now()).await?;
        } else {
            self.take_back(guess);
        }
        verdict
    }

    fn take_back(&self, guess: Guess) {
        let (store, now) = (Arc::clone(&self.attempts), self.env.now());
        detached::spawn(async move {
            let Guess { attempts, _pass } = guess;
            Ok(store.settle_attempts(&attempts, Settled::Untried, now).await?)
        });
    }

    /// Records a sign-in that failed.
    pub(crate) async fn record_failure(&self, actor: &Actor, subject: Option<&User>) -> Result<(), AuthError> {
        let event = self.env.event(actor, EventKind::SigninFailed, subject.map(|user| user.id));
        Ok(self.audit.record_event(&event).await?)
    }

    async fn pass(&self, key: Digest, limit: Limit, until: Instant) -> Result<Option<OwnedSemaphorePermit>, AuthError> {
        match limit.at_once().filter(|_| self.env.settings.limits) {
            Some(at_once) => self.admission.pass(key, at_once, until).await.map(Some),
            None => Ok(None),
        }
    }
}

/// How long a network is remembered after a sign-in.
const RETENTION: TimeDelta = TimeDelta::days(90);
/// How long a network has to be remembered before it is written again.
const WRITTEN_EVERY: TimeDelta = TimeDelta::days(1);

/// The networks from which staff were signed in.
pub(crate) struct KnownNetworks {
    pub(crate) env: Arc<Env>,
    pub(crate) attempts: Arc<dyn AttemptStore>,
}

impl KnownNetworks {
    /// Remembers that a staff member was signed in from an address. They are signed in even when this fails.
    pub(crate) async fn remember(&self, user: &User, address: Option<IpAddr>) {
        let Some(address) = address.filter(|_| self.env.settings.limits && user.staff().is_some()) else { return };
        let until = self.env.now() + RETENTION;
        let network = self.digest(user.id, address);
        if let Err(error) = self.attempts.remember_network(user.id, &network, until, until - WRITTEN_EVERY).await {
            tracing::warn!(error = %domain::ErrorChain(&error), "the network of a sign-in was not remembered");
        }
    }

    /// Whether the owner was signed in from the actor's network before. The database is asked even when there is no
    /// such account, so that the time does not show it.
    pub(crate) async fn knows(&self, actor: &Actor, found: Option<&Credentials>) -> Result<bool, AuthError> {
        let Some(address) = actor.origin.address else { return Ok(false) };
        let owner = found.map_or_else(|| Uuid::nil().into(), |found| found.user.id);
        Ok(self.attempts.knows_network(owner, &self.digest(owner, address), self.env.now()).await?)
    }

    fn digest(&self, user: UserId, address: IpAddr) -> Digest {
        let network = network(address).to_string();
        self.env.hash(&[b"known network", user.as_uuid().as_bytes(), network.as_bytes()])
    }
}
