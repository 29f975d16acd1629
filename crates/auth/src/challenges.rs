//! Opens challenges, tries codes and redeems them, whatever they are for.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::audit::{Event, EventKind, changes};
use domain::challenge::{Challenge, MAX_TRIES, Purpose};
use domain::limit::Attempt;
use domain::store::{AuditStore, ChallengeStore, CodeGuess, Outcome, UserStore, WriteError};
use domain::{Actor, ChallengeId, Email, Error, Scope, Timestamp, User, UserId};

use crate::answer::{CodeSent, whole_seconds};
use crate::code_limits::CodeLimits;
use crate::env::Env;
use crate::error::AuthError;
use crate::known_networks::network_of;
use crate::one_time_code::{Draft, is_right};

/// Somebody who asks again sooner gets the challenge they have.
const QUIET: TimeDelta = TimeDelta::seconds(60);

/// What every use-case with a code shares.
pub(crate) struct Challenges {
    pub(crate) env: Arc<Env>,
    pub(crate) store: Arc<dyn ChallengeStore>,
    pub(crate) users: Arc<dyn UserStore>,
    pub(crate) audit: Arc<dyn AuditStore>,
    pub(crate) limits: CodeLimits,
}

/// What became of a challenge that was asked for.
pub(crate) struct Opened {
    /// The one that is open now.
    pub(crate) challenge: Challenge,
    /// The one that would be, had the same person not asked a moment ago. Then it is stored nowhere.
    pub(crate) drafted: ChallengeId,
}

impl Opened {
    /// Whether the challenge was open before, and nothing was sent.
    pub(crate) fn is_earlier(&self) -> bool {
        self.challenge.id != self.drafted
    }
}

impl Challenges {
    /// Opens a challenge, unless the same person asked a moment ago.
    pub(crate) async fn open(&self, actor: &Actor, draft: Draft) -> Result<Opened, AuthError> {
        let attempts = self.limits.of_opening(actor, &draft);
        let asker = network_of(actor);
        let opened = match self.open_draft(draft.clone(), &asker, &attempts).await {
            // Whoever was erased meanwhile gets what nobody gets.
            Err(AuthError::Domain(Error::Gone)) => self.open_draft(draft.of_nobody(), &asker, &attempts).await?,
            opened => opened?,
        };
        if !opened.is_earlier() {
            metrics::counter!("clientele_challenges_opened_total").increment(1);
            self.env.outbox_signal.notify_one();
        }
        Ok(opened)
    }

    /// The same, for those who only tell the asker of it.
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

    /// The challenge, if this is its code and it is for one of `purposes`. The try counts either way. A wrong one is
    /// recorded, for a challenge that nobody has too, and counts against the network that sends it, whatever the
    /// challenge.
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
        let if_wrong = self.limits.of_wrong_code(actor);
        let guess = CodeGuess { is_right: &is_right, if_wrong: &if_wrong };
        let wrong = match self.store.take_try(id, self.env.now(), &guess).await? {
            Some(tried) if tried.is_right => {
                self.limits.free_slot(&tried.challenge).await;
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

    /// Whose the challenge is, if the code went to a contact that is still theirs.
    pub(crate) async fn holder(&self, challenge: &Challenge) -> Result<User, AuthError> {
        let user = match challenge.user_id {
            Some(id) => self.users.find_user(Scope::All, id).await?,
            None => None,
        };
        user.filter(|user| contact(user).is_some_and(|contact| is_same(&contact, &challenge.contact)))
            .ok_or(AuthError::InvalidCode { tries_left: None })
    }

    /// Uses the challenge up. A code that was used meanwhile, or whose owner was erased, is a wrong code.
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

    /// Uses up a challenge that proves the person's contact. The event that is recorded with it says so.
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
}

/// Whether a code that went to the one proves the other. An invitation may have gone to an e-mail in another spelling
/// than it is kept in since.
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
