//! One-time codes, counters of attempts, and known networks.

use async_trait::async_trait;

use super::{MemoryStore, Queued, State, broken_key};
use crate::challenge::{Challenge, Message};
use crate::clock::Timestamp;
use crate::id::{ChallengeId, UserId};
use crate::limit::{Attempt, Settled, settle_all, take_all};
use crate::session::Digest;
use crate::store::{AttemptStore, ChallengeStore, CodeGuess, Outcome, StoreError, Tried, WriteError};

#[async_trait]
impl ChallengeStore for MemoryStore {
    async fn open_challenge(
        &self,
        challenge: &Challenge,
        message: &Message,
        quiet_since: Timestamp,
        attempts: &[Attempt],
    ) -> Result<Challenge, WriteError> {
        self.write(|state| {
            let found = state.challenges.iter().find(|other| is_same_request(other, challenge));
            let open = found.filter(|other| other.is_open(challenge.created_at));
            if let Some(young) = open.filter(|other| other.created_at > quiet_since) {
                return Ok(young.clone());
            }
            if challenge.user_id.is_some_and(|id| state.user(id).is_none()) {
                return Err(WriteError::Gone);
            }
            state.take_attempts(attempts, challenge.created_at)?;
            state.replace_challenge(challenge, message);
            Ok(challenge.clone())
        })
    }

    async fn take_try(
        &self,
        id: ChallengeId,
        now: Timestamp,
        guess: &CodeGuess<'_>,
    ) -> Result<Option<Tried>, WriteError> {
        self.write(|state| {
            state.take_attempts(guess.if_wrong, now)?;
            let is_unsent = state.outbox.iter().any(|queued| is_unsent(&queued.item, id));
            let open = state.challenges.iter_mut().find(|challenge| challenge.id == id && challenge.is_open(now));
            let tried = open.map(|challenge| {
                challenge.tries += 1;
                Tried { challenge: challenge.clone(), is_right: !is_unsent && (guess.is_right)(challenge) }
            });
            if !tried.as_ref().is_some_and(|tried| tried.is_right) {
                state.settle_attempts(guess.if_wrong, Settled::Wrong, now);
            }
            Ok(tried)
        })
    }

    async fn return_try(&self, id: ChallengeId) -> Result<(), StoreError> {
        self.change(|state| {
            let counted = |challenge: &&mut Challenge| challenge.id == id && challenge.tries > 0;
            if let Some(challenge) = state.challenges.iter_mut().find(counted) {
                challenge.tries -= 1;
            }
        });
        Ok(())
    }

    async fn redeem(&self, id: ChallengeId, now: Timestamp, outcome: &Outcome) -> Result<(), WriteError> {
        self.write(|state| {
            let unused = |challenge: &&mut Challenge| challenge.id == id && challenge.used_at.is_none();
            let challenge = state.challenges.iter_mut().find(unused).ok_or(WriteError::Stale)?;
            challenge.used_at = Some(now);
            // The challenge of a sign-up belongs to the person who signed up.
            if let Some(account) = &outcome.account {
                challenge.user_id = Some(account.user.id);
            }
            state.apply(outcome, now)
        })
    }
}

impl State {
    /// The code of a challenge that is replaced is no good any more: its message goes too.
    pub(super) fn replace_challenge(&mut self, challenge: &Challenge, message: &Message) {
        self.remove_challenges(|other| is_same_request(other, challenge));
        self.challenges.push(challenge.clone());
        self.outbox.push(Queued { item: message.clone(), due_at: message.created_at });
    }

    /// Closes what was asked for with a password that is no longer, or to replace it.
    pub(super) fn close_challenges_of_password(&mut self, user: UserId) {
        self.remove_challenges(|challenge| {
            challenge.user_id == Some(user) && challenge.purpose.ends_with_password() && challenge.used_at.is_none()
        });
    }

    /// Removes challenges with their messages.
    pub(super) fn remove_challenges(&mut self, is_over: impl Fn(&Challenge) -> bool) {
        self.challenges.retain(|challenge| !is_over(challenge));
        self.outbox.retain(|queued| self.challenges.iter().any(|kept| kept.id == queued.item.challenge_id));
    }

    fn apply(&mut self, outcome: &Outcome, now: Timestamp) -> Result<(), WriteError> {
        if let Some(account) = &outcome.account {
            self.insert_account(account, &outcome.events)?;
        }
        if let Some(id) = outcome.verified {
            self.verify(id, now)?;
        }
        if let Some((id, password_hash)) = &outcome.password {
            let account = self.people.get_mut(id).ok_or_else(|| broken_key("pk_users"))?;
            let old = std::mem::replace(&mut account.password_hash, password_hash.clone());
            self.tell_of_password(*id, &old, &outcome.events);
            self.end_all_but(*id, None);
            self.close_challenges_of_password(*id);
        }
        // After the password, whose change ends every session but this new one.
        if let Some(session) = &outcome.session {
            self.start_session(session, outcome.events.first())?;
        }
        self.events.extend_from_slice(&outcome.events);
        Ok(())
    }

    fn verify(&mut self, id: UserId, now: Timestamp) -> Result<(), WriteError> {
        let account = self.people.get_mut(&id).ok_or(WriteError::Stale)?;
        if account.user.verified_at.is_none() {
            account.user.verified_at = Some(now);
            account.user.updated_at = now;
            account.user.version += 1;
        }
        Ok(())
    }
}

fn is_same_request(a: &Challenge, b: &Challenge) -> bool {
    a.purpose == b.purpose && a.subject == b.subject
}

/// Whether this is the message of the challenge and still waits for its turn.
fn is_unsent(message: &Message, id: ChallengeId) -> bool {
    message.challenge_id == id && message.turn.is_some() && message.attempts == 0
}

#[async_trait]
impl AttemptStore for MemoryStore {
    async fn take_attempts(&self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError> {
        self.write(|state| state.take_attempts(attempts, now))
    }

    async fn settle_attempts(&self, attempts: &[Attempt], settled: Settled, now: Timestamp) -> Result<(), StoreError> {
        self.change(|state| state.settle_attempts(attempts, settled, now));
        Ok(())
    }

    async fn knows_network(&self, user: UserId, network: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.read(|state| state.networks.get(&(user, *network)).is_some_and(|until| now < *until)))
    }

    async fn remember_network(
        &self,
        user: UserId,
        network: &Digest,
        until: Timestamp,
        enough: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(|state| {
            let known = state.networks.get(&(user, *network)).is_some_and(|known| enough <= *known);
            if state.user(user).is_some() && !known {
                state.networks.insert((user, *network), until);
            }
        });
        Ok(())
    }
}

impl State {
    pub(super) fn take_attempts(&mut self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError> {
        let taken = take_all(attempts, |key| self.attempts.get(key).copied(), now);
        self.attempts.extend(taken.map_err(WriteError::TooMany)?);
        Ok(())
    }

    pub(super) fn settle_attempts(&mut self, attempts: &[Attempt], settled: Settled, now: Timestamp) {
        for (key, counter) in settle_all(attempts, |key| self.attempts.get(key).copied(), settled, now) {
            self.attempts.remove(&key);
            self.attempts.extend(counter.map(|counter| (key, counter)));
        }
    }
}
