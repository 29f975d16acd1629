//! What must not be tried too often: counted in the database before any
//! secret is looked at, alike for accounts that exist and that don't.

use std::net::IpAddr;

use chrono::TimeDelta;
use domain::challenge::Purpose;
use domain::limit::{Attempt, Limit, Settled, network};
use domain::{Actor, Email, UserId};
use uuid::Uuid;

use super::Authentication;
use crate::challenge::Draft;
use crate::error::AuthError;

/// Wrong passwords from one address. Many people may share one.
const PER_ADDRESS: Limit = Limit::Failures { most: 1000, within: TimeDelta::minutes(10) };
/// Codes to one contact.
const CODES_PER_HOUR: Limit = Limit::Quota { most: 5, within: TimeDelta::hours(1) };
const CODES_PER_DAY: Limit = Limit::Quota { most: 10, within: TimeDelta::hours(24) };

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

    /// What opening a challenge counts as.
    pub(super) fn code_attempts(&self, actor: &Actor, draft: &Draft) -> Vec<Attempt> {
        let Some(target) = draft.target.as_deref().filter(|_| self.inner.settings.limits) else { return Vec::new() };
        let of_contact = [("codes", CODES_PER_HOUR), ("codes-daily", CODES_PER_DAY)]
            .map(|(name, limit)| self.counted(name, limit, &[name.as_bytes(), target.as_bytes()]));
        // Whoever needs a second factor knew the password: strangers in the same house don't use theirs up.
        let asker = actor.origin.address.filter(|_| draft.purpose != Purpose::SecondFactor);
        of_contact.into_iter().chain(asker.map(|address| self.codes_from(address))).collect()
    }

    /// Codes cost money and wake people up, whoever gets them.
    fn codes_from(&self, address: IpAddr) -> Attempt {
        let limit = Limit::Quota { most: self.inner.settings.codes_per_address, within: TimeDelta::hours(1) };
        self.counted("codes-address", limit, &[b"codes-address", network(address).to_string().as_bytes()])
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

    fn counted(&self, name: &'static str, limit: Limit, what: &[&[u8]]) -> Attempt {
        Attempt { key: self.secrets().attempts.mac(what), name, limit }
    }
}
