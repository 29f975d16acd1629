//! What every use-case with a code shares.

use domain::audit::{Event, EventKind, changes};
use domain::challenge::{Challenge, MAX_TRIES, Purpose};
use domain::limit::Attempt;
use domain::session::Session;
use domain::store::WriteError;
use domain::store::{CodeGuess, Outcome};
use domain::{Actor, ChallengeId, Email, Error, Scope, Timestamp, User, UserId};

use super::code_limits::asking_network;
use super::{Authentication, CodeSent, SignedIn, whole_seconds};
use crate::challenge::{Draft, is_right};
use crate::error::AuthError;
use crate::refresh::RefreshToken;

/// Somebody who asks again sooner gets the challenge they have.
const QUIET: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// What became of a challenge that was asked for.
pub(super) struct Opened {
    /// The one that is open now.
    pub(super) challenge: Challenge,
    /// The one that would be, had the same person not asked a moment ago. Then it is stored nowhere.
    pub(super) drafted: ChallengeId,
}

impl Opened {
    /// Whether the challenge was open before, and nothing was sent.
    pub(super) fn is_earlier(&self) -> bool {
        self.challenge.id != self.drafted
    }
}

impl Authentication {
    pub(super) async fn open(&self, actor: &Actor, draft: Draft) -> Result<Opened, AuthError> {
        let attempts = self.code_attempts(actor, &draft);
        let asker = asking_network(actor);
        let opened = match self.open_draft(draft.clone(), &asker, &attempts).await {
            // Whoever was erased meanwhile gets what nobody gets.
            Err(AuthError::Domain(Error::Gone)) => self.open_draft(draft.of_nobody(), &asker, &attempts).await?,
            opened => opened?,
        };
        if !opened.is_earlier() {
            metrics::counter!("clientele_challenges_opened_total").increment(1);
            self.inner.outbox_signal.notify_one();
        }
        Ok(opened)
    }

    async fn open_draft(&self, draft: Draft, asker: &str, attempts: &[Attempt]) -> Result<Opened, AuthError> {
        let (challenge, message) = draft.open(Some(asker), &self.secrets(), &*self.inner.clock)?;
        let quiet_since = challenge.created_at - QUIET;
        let drafted = challenge.id;
        let challenge =
            self.inner.stores.challenges.open_challenge(&challenge, &message, quiet_since, attempts).await?;
        Ok(Opened { challenge, drafted })
    }

    pub(super) fn code_sent(&self, challenge: &Challenge) -> CodeSent {
        CodeSent {
            challenge_id: challenge.id,
            channel: challenge.channel,
            expires_in: whole_seconds(challenge.expires_at - self.now()),
        }
    }

    /// The challenge, if this is its code and it is for one of `purposes`. The try counts either way. A wrong one is
    /// recorded, for a challenge that nobody has too, and counts against the network that sends it, whatever the
    /// challenge.
    pub(super) async fn try_code(
        &self,
        actor: &Actor,
        id: ChallengeId,
        code: &str,
        purposes: &[Purpose],
    ) -> Result<Challenge, AuthError> {
        let secrets = self.secrets();
        let is_right =
            |challenge: &Challenge| is_right(challenge, code, &secrets) && purposes.contains(&challenge.purpose);
        let if_wrong = self.wrong_code_attempts(actor);
        let guess = CodeGuess { is_right: &is_right, if_wrong: &if_wrong };
        let wrong = match self.inner.stores.challenges.take_try(id, self.now(), &guess).await? {
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
        let event = self.event(actor, EventKind::SigninFailed, owner).with_facts([("reason", "wrong_code")]);
        Ok(self.inner.stores.accounts.record_event(&event).await?)
    }

    /// Whose the challenge is, if the code went to a contact that is still theirs.
    pub(super) async fn holder(&self, challenge: &Challenge) -> Result<User, AuthError> {
        let user = match challenge.user_id {
            Some(id) => self.inner.stores.accounts.find_user(Scope::All, id).await?,
            None => None,
        };
        user.filter(|user| contact(user).is_some_and(|contact| is_same(&contact, &challenge.contact)))
            .ok_or(AuthError::InvalidCode { tries_left: None })
    }

    /// Uses the challenge up. A code that was used meanwhile, or whose owner was erased, is a wrong code.
    pub(super) async fn redeem(&self, challenge: &Challenge, outcome: &Outcome) -> Result<(), AuthError> {
        self.redeem_at(self.now(), challenge, outcome).await
    }

    async fn redeem_at(&self, now: Timestamp, challenge: &Challenge, outcome: &Outcome) -> Result<(), AuthError> {
        match self.inner.stores.challenges.redeem(challenge.id, now, outcome).await {
            Err(WriteError::Stale | WriteError::Gone) => Err(AuthError::InvalidCode { tries_left: None }),
            done => {
                done?;
                metrics::counter!("clientele_challenges_redeemed_total").increment(1);
                Ok(())
            }
        }
    }

    /// Uses up a challenge that proves the person's contact, which is told by the event that is recorded with it.
    pub(super) async fn redeem_by_owner(
        &self,
        challenge: &Challenge,
        user: &User,
        event: Event,
        outcome: Outcome,
    ) -> Result<(), AuthError> {
        let now = self.now();
        let proven = User { verified_at: user.verified_at.or(Some(now)), ..user.clone() };
        let event = event.with_changes(changes(Some(user), &proven));
        let outcome = Outcome { verified: Some(user.id), events: vec![event], ..outcome };
        self.redeem_at(now, challenge, &outcome).await
    }

    /// Signs in whoever the redeemed code let in, as the database has them now.
    pub(super) async fn signed_in_by_code(
        &self,
        session: &Session,
        token: &RefreshToken,
    ) -> Result<SignedIn, AuthError> {
        let user = self.inner.stores.sessions.find_caller(session.id, self.now()).await?;
        let user = user.ok_or(AuthError::AccountInactive)?;
        self.remember_network(&user, session.address).await;
        self.signed_in(user, session, token)
    }

    /// Starts a session of somebody who proved the contact of a challenge.
    pub(super) async fn sign_in_holder(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        user: &User,
    ) -> Result<SignedIn, AuthError> {
        if !user.is_active {
            return Err(self.refuse_inactive(actor, challenge, user).await?);
        }
        let (session, token) = self.new_session(user, &actor.origin)?;
        let outcome = Outcome { session: Some(session.clone()), ..Outcome::default() };
        let started = self.session_started(user, &actor.origin);
        match self.redeem_by_owner(challenge, user, started, outcome).await {
            // Used up meanwhile, or its owner deactivated or erased.
            Err(refused @ AuthError::InvalidCode { .. }) => {
                match self.inner.stores.accounts.find_user(Scope::All, user.id).await? {
                    Some(now) if !now.is_active => Err(self.refuse_inactive(actor, challenge, &now).await?),
                    _ => Err(refused),
                }
            }
            done => {
                done?;
                self.signed_in_by_code(&session, &token).await
            }
        }
    }

    /// The code was right and proves the contact; it lets nobody in.
    async fn refuse_inactive(&self, actor: &Actor, challenge: &Challenge, user: &User) -> Result<AuthError, AuthError> {
        let event = self.event(actor, EventKind::SigninFailed, Some(user.id));
        self.redeem_by_owner(challenge, user, event, Outcome::default()).await?;
        Ok(AuthError::AccountInactive)
    }
}

/// Whether a code that went to the one proves the other. An invitation may have gone to an e-mail in another spelling than
/// it is kept in since.
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
