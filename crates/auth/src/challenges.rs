//! Opens challenges, tries codes and redeems them, whatever they are for. Limits how many codes may be asked for and
//! tried; what one network does never counts against another.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::audit::{Event, EventKind, changes};
use domain::challenge::{Challenge, MAX_TRIES, Purpose};
use domain::delivery::MessageKeys as _;
use domain::limit::{Attempt, Limit, Settled};
use domain::store::{AttemptStore, AuditStore, ChallengeStore, CodeGuess, Outcome, UserStore, WriteError};
use domain::{Actor, ChallengeId, Email, Error, Scope, Timestamp, User, UserId};

use crate::answer::{CodeSent, whole_seconds};
use crate::env::{Env, network_of};
use crate::error::AuthError;
use crate::one_time_code::{Draft, is_right};

/// Somebody who asks again within this time gets the same challenge.
const QUIET: TimeDelta = TimeDelta::seconds(60);
/// How many codes to one contact one network may ask for.
const CODES_PER_HOUR: Limit = Limit::Quota { most: 5, within: TimeDelta::hours(1) };
const CODES_PER_DAY: Limit = Limit::Quota { most: 10, within: TimeDelta::hours(24) };
/// How many wrong codes one network may send, for all challenges together. Many people may share a network.
const WRONG_CODES: Limit = Limit::Failures { most: 50, within: TimeDelta::minutes(10) };

/// What all use-cases with a code share.
pub(crate) struct Challenges {
    pub(crate) env: Arc<Env>,
    pub(crate) store: Arc<dyn ChallengeStore>,
    pub(crate) users: Arc<dyn UserStore>,
    pub(crate) audit: Arc<dyn AuditStore>,
    pub(crate) attempts: Arc<dyn AttemptStore>,
}

/// A challenge that somebody asked for.
pub(crate) struct Opened {
    /// The challenge that is open now.
    pub(crate) challenge: Challenge,
    /// The id of the challenge that was made for this request. It is not stored when an earlier challenge is still
    /// open.
    pub(crate) drafted: ChallengeId,
}

impl Opened {
    /// Whether the challenge was open before this request, so that no code was sent.
    pub(crate) fn is_earlier(&self) -> bool {
        self.challenge.id != self.drafted
    }
}

impl Challenges {
    /// Opens a challenge, unless the same person asked a moment ago.
    pub(crate) async fn open(&self, actor: &Actor, draft: Draft) -> Result<Opened, AuthError> {
        let attempts = self.attempts_of_opening(actor, &draft);
        let asker = network_of(actor);
        let opened = match self.open_draft(draft.clone(), &asker, &attempts).await {
            // The person was erased meanwhile. The asker gets a decoy.
            Err(AuthError::Domain(Error::Gone)) => self.open_draft(draft.of_nobody(), &asker, &attempts).await?,
            opened => opened?,
        };
        if !opened.is_earlier() {
            metrics::counter!("clientele_challenges_opened_total").increment(1);
            self.env.outbox_signal.notify_one();
        }
        Ok(opened)
    }

    /// The same, with the answer for the asker.
    pub(crate) async fn send_code(&self, actor: &Actor, draft: Draft) -> Result<CodeSent, AuthError> {
        Ok(self.code_sent(&self.open(actor, draft).await?.challenge))
    }

    async fn open_draft(&self, draft: Draft, asker: &str, attempts: &[Attempt]) -> Result<Opened, AuthError> {
        let (challenge, message) = draft.open(Some(asker), &self.env.keys.secrets(), &*self.env.clock)?;
        let quiet_since = challenge.created_at - QUIET;
        let drafted = challenge.id;
        let challenge = self.store.open_challenge(&challenge, &message, quiet_since, attempts).await?;
        Ok(Opened { challenge, drafted })
    }

    pub(crate) fn code_sent(&self, challenge: &Challenge) -> CodeSent {
        CodeSent {
            challenge_id: challenge.id,
            channel: challenge.channel,
            expires_in: whole_seconds(challenge.expires_at - self.env.now()),
        }
    }

    /// The challenge, if this is its code and it is for one of `purposes`. The try counts in any case. A wrong code is
    /// recorded, also when there is no such challenge. It counts against the network that sent it, for all challenges
    /// together.
    pub(crate) async fn try_code(
        &self,
        actor: &Actor,
        id: ChallengeId,
        code: &str,
        purposes: &[Purpose],
    ) -> Result<Challenge, AuthError> {
        let secrets = self.env.keys.secrets();
        let is_right =
            |challenge: &Challenge| is_right(challenge, code, &secrets) && purposes.contains(&challenge.purpose);
        let if_wrong = self.attempts_of_wrong_code(actor);
        let guess = CodeGuess { is_right: &is_right, if_wrong: &if_wrong };
        let wrong = match self.store.take_try(id, self.env.now(), &guess).await? {
            Some(tried) if tried.is_right => {
                self.free_slot(&tried.challenge).await;
                return Ok(tried.challenge);
            }
            wrong => wrong.map(|tried| tried.challenge),
        };
        self.record_wrong_code(actor, wrong.as_ref().and_then(|challenge| challenge.user_id)).await?;
        let left = wrong.map_or(0, |challenge| MAX_TRIES.saturating_sub(challenge.tries));
        Err(AuthError::InvalidCode { tries_left: Some(left).filter(|&left| left > 0) })
    }

    async fn record_wrong_code(&self, actor: &Actor, owner: Option<UserId>) -> Result<(), AuthError> {
        metrics::counter!("clientele_challenges_failed_total").increment(1);
        let event = self.env.event(actor, EventKind::SigninFailed, owner);
        Ok(self.audit.record_event(&event.with_facts([("reason", "wrong_code")])).await?)
    }

    /// The owner of the challenge, if the contact to which the code went is still theirs.
    pub(crate) async fn holder(&self, challenge: &Challenge) -> Result<User, AuthError> {
        let user = match challenge.user_id {
            Some(id) => self.users.find_user(Scope::All, id).await?,
            None => None,
        };
        user.filter(|user| contact(user).is_some_and(|contact| is_same(&contact, &challenge.contact)))
            .ok_or(AuthError::InvalidCode { tries_left: None })
    }

    /// Uses the challenge up. If it was used meanwhile or its owner was erased, the code counts as wrong.
    pub(crate) async fn redeem(&self, challenge: &Challenge, outcome: &Outcome) -> Result<(), AuthError> {
        self.redeem_at(self.env.now(), challenge, outcome).await
    }

    async fn redeem_at(&self, now: Timestamp, challenge: &Challenge, outcome: &Outcome) -> Result<(), AuthError> {
        match self.store.redeem(challenge.id, now, outcome).await {
            Err(WriteError::Stale | WriteError::Gone) => Err(AuthError::InvalidCode { tries_left: None }),
            done => {
                done?;
                metrics::counter!("clientele_challenges_redeemed_total").increment(1);
                Ok(())
            }
        }
    }

    /// Uses up a challenge that proves the person's contact. The recorded event says that the contact is proven.
    pub(crate) async fn redeem_by_owner(
        &self,
        challenge: &Challenge,
        user: &User,
        event: Event,
        outcome: Outcome,
    ) -> Result<(), AuthError> {
        let now = self.env.now();
        let proven = User { verified_at: user.verified_at.or(Some(now)), ..user.clone() };
        let event = event.with_changes(changes(Some(user), &proven));
        let outcome = Outcome { verified: Some(user.id), events: vec![event], ..outcome };
        self.redeem_at(now, challenge, &outcome).await
    }

    /// What opening a challenge counts as.
    fn attempts_of_opening(&self, actor: &Actor, draft: &Draft) -> Vec<Attempt> {
        let Some(target) = draft.target.as_deref().filter(|_| self.env.settings.limits) else { return Vec::new() };
        let asker = network_of(actor);
        let of_contact = [("codes", CODES_PER_HOUR), ("codes-daily", CODES_PER_DAY)].map(|(name, limit)| {
            self.env.attempt(name, limit, &[name.as_bytes(), target.as_bytes(), asker.as_bytes()])
        });
        // A person who needs a second factor knew the password. Strangers in the same network must not use up their
        // codes.
        let has_address = actor.origin.address.is_some() && draft.purpose != Purpose::SecondFactor;
        of_contact.into_iter().chain(has_address.then(|| self.attempt_of_address(&asker))).collect()
    }

    /// What a wrong code counts as.
    fn attempts_of_wrong_code(&self, actor: &Actor) -> Vec<Attempt> {
        if !self.env.settings.limits {
            return Vec::new();
        }
        vec![self.env.attempt("wrong-codes", WRONG_CODES, &[b"wrong codes", network_of(actor).as_bytes()])]
    }

    /// Lets the next message to a contact leave at once. Only the owner of a contact knows its code, so nobody else can
    /// cause this.
    async fn free_slot(&self, challenge: &Challenge) {
        if !self.env.settings.limits {
            return;
        }
        let slot = self.env.keys.contact_slot(&self.env.keys.contact(&challenge.contact));
        if let Err(error) = self.attempts.settle_attempts(&[slot], Settled::Untried, self.env.now()).await {
            tracing::warn!(error = %domain::ErrorChain(&error), "the next message to a contact cannot leave at once and waits for up to a minute");
        }
    }

    /// Limits codes for each network, since codes cost money and disturb people, whoever gets them.
    fn attempt_of_address(&self, asker: &str) -> Attempt {
        let limit = Limit::Quota { most: self.env.settings.codes_per_address, within: TimeDelta::hours(1) };
        self.env.attempt("codes-address", limit, &[b"codes-address", asker.as_bytes()])
    }
}

/// Whether a code that went to `sent_to` proves `contact`. An invitation may have gone to another spelling of the
/// e-mail, from before e-mails had a canonical form.
fn is_same(contact: &str, sent_to: &str) -> bool {
    contact == sent_to || Email::parse(sent_to).is_ok_and(|email| email.as_str() == contact)
}

/// Where codes for this person go.
fn contact(user: &User) -> Option<String> {
    match user.staff() {
        Some(staff) => Some(staff.contact()),
        None => user.phone().map(ToString::to_string),
    }
}
