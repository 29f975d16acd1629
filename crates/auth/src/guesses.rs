//! Counts guesses of passwords in the database, before any secret is looked at, alike for accounts that exist and that
//! don't (ADR 25).

use std::sync::Arc;
use std::time::Duration;

use domain::audit::EventKind;
use domain::limit::{Attempt, Limit, Settled};
use domain::session::Digest;
use domain::store::{AttemptStore, AuditStore, Credentials};
use domain::{Actor, Email, User, UserId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};

use crate::detached;
use crate::env::Env;
use crate::error::AuthError;
use crate::hasher::Verdict;
use crate::known_networks::{KnownNetworks, network_of};
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

/// A guess of a password that was counted. A right one is not counted in the end.
pub(crate) struct Guess {
    attempts: Vec<Attempt>,
    /// Until it is known what became of it.
    _pass: Option<OwnedSemaphorePermit>,
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

impl Guesses {
    /// Waits until so few clients of one network are looking at the password of one account that this one may too.
    /// `None` when nothing is limited.
    pub(crate) async fn wait_for_turn(
        &self,
        actor: &Actor,
        email: &Email,
        until: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, AuthError> {
        let key = self.env.hash(&[b"turn", email.as_str().as_bytes(), network_of(actor).as_bytes()]);
        self.pass(key, Limit::Guesses, until).await
    }

    /// Counts a sign-in. From a network that the account knows, only what this network guesses at this account counts.
    /// `None` when nothing is limited.
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

    /// What a sign-in counts as. A first one that was right makes the network known to those who wait for it.
    async fn sign_in_guess(
        &self,
        actor: &Actor,
        email: &Email,
        found: Option<&Credentials>,
        until: Instant,
    ) -> Result<Guess, AuthError> {
        let (network, account) = (network_of(actor).into_bytes(), email.as_str().as_bytes());
        // A new password ends what was counted of the old one, everywhere.
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

    /// Counts the guess of their own password by somebody who is signed in. It does not count against sign-ins, nor do
    /// those against it.
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

    /// Counts a guess; `None` when it has to wait for others that are under way on other instances.
    async fn take(&self, guess: Guess, until: Instant) -> Result<Option<Guess>, AuthError> {
        match self.attempts.take_attempts(&guess.attempts, self.env.now()).await.map_err(AuthError::from) {
            Ok(()) => Ok(Some(guess)),
            Err(AuthError::TooMany(too_many)) if too_many.is_under_way => {
                if Instant::now() < until {
                    Ok(None)
                } else {
                    Err(self.admission.hasher.turned_away())
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Notes what a guess was. One that no thread came free for does not count; whoever made it is answered before that
    /// is written down.
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
