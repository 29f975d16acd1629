//! What must not be tried too often: counted in the database before any
//! secret is looked at, alike for accounts that exist and that don't.

use std::net::IpAddr;

use chrono::TimeDelta;
use domain::limit::{Attempt, Limit, Settled, network};
use domain::{Actor, Email, UserId};
use uuid::Uuid;

use super::Authentication;
use crate::error::AuthError;

/// Wrong passwords from one address. Many people may share one.
const PER_ADDRESS: Limit = Limit::Failures { most: 1000, within: TimeDelta::minutes(10) };

/// A guess of a password that was counted. A right one is not counted in the end.
pub(super) struct Guess {
    account: Attempt,
    address: Option<Attempt>,
}

impl Guess {
    fn attempts(&self) -> Vec<Attempt> {
        [Some(self.account), self.address].into_iter().flatten().collect()
    }
}

impl Authentication {
    /// Counts a sign-in. Where the owner is signed in already, guesses are
    /// counted apart, so that strangers elsewhere can't keep the owner waiting.
    pub(super) async fn begin_sign_in(
        &self,
        actor: &Actor,
        email: &Email,
        owner: Option<UserId>,
    ) -> Result<Option<Guess>, AuthError> {
        if !self.inner.settings.limits {
            return Ok(None);
        }
        let Some(address) = actor.origin.address else {
            return self.begin(Guess { account: self.sign_in_attempt(email, None), address: None }).await;
        };
        // For nobody too, so that the time does not tell who has an account.
        let owner = owner.unwrap_or_else(|| Uuid::nil().into());
        let is_home = self.inner.stores.sessions.has_session_from(owner, address, self.now()).await?;
        let account = self.sign_in_attempt(email, Some(address).filter(|_| is_home));
        let network = network(address).to_string();
        let address = self.counted("address", PER_ADDRESS, &[b"sign-in", network.as_bytes()]);
        self.begin(Guess { account, address: Some(address) }).await
    }

    /// Counts the guess of their own password by somebody who is signed in. It
    /// does not count against sign-ins, nor do those against it.
    pub(super) async fn begin_change(&self, user: UserId) -> Result<Option<Guess>, AuthError> {
        let account = self.counted("account", Limit::Guesses, &[b"password change", user.as_uuid().as_bytes()]);
        self.begin(Guess { account, address: None }).await
    }

    /// Notes what became of a guess.
    pub(super) async fn settle(&self, guess: Option<Guess>, settled: Settled) -> Result<(), AuthError> {
        let Some(guess) = guess else { return Ok(()) };
        Ok(self.inner.stores.attempts.settle_attempts(&guess.attempts(), settled, self.now()).await?)
    }

    /// Who proved an e-mail by code may sign in with their new password at once.
    pub(super) async fn forget_guesses(&self, email: &Email) -> Result<(), AuthError> {
        let guess = Guess { account: self.sign_in_attempt(email, None), address: None };
        self.settle(Some(guess), Settled::Right).await
    }

    fn sign_in_attempt(&self, email: &Email, home: Option<IpAddr>) -> Attempt {
        let home = home.map(|address| address.to_string()).unwrap_or_default();
        self.counted("account", Limit::Guesses, &[b"password", email.as_str().as_bytes(), home.as_bytes()])
    }

    async fn begin(&self, guess: Guess) -> Result<Option<Guess>, AuthError> {
        if !self.inner.settings.limits {
            return Ok(None);
        }
        self.inner.stores.attempts.take_attempts(&guess.attempts(), self.now()).await?;
        Ok(Some(guess))
    }

    pub(super) fn counted(&self, name: &'static str, limit: Limit, what: &[&[u8]]) -> Attempt {
        Attempt { key: self.secrets().attempts.mac(what), name, limit }
    }
}
