//! Checks access tokens and renews sessions.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::session::{Digest, Session};
use domain::store::SessionStore;
use domain::{Actor, Authority, Error, Origin, Role, Timestamp, User};

use crate::access_token::Claims;
use crate::answer::{Caller, SignedIn};
use crate::crypto::equal;
use crate::env::Env;
use crate::error::AuthError;
use crate::issuer::SessionIssuer;
use crate::recent_callers::RecentCallers;
use crate::refresh_token::RefreshToken;
use crate::seen::Freshness;
use crate::wiring::{AuthStore, Shared};

/// How long the token just spent still gives its successor: a lost answer, two tabs.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What a refresh token is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Current,
    JustSpent,
    Old,
}

/// The tokens of sessions.
#[derive(Clone)]
pub struct Tokens {
    env: Arc<Env>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    issuer: Arc<SessionIssuer>,
    callers: Arc<RecentCallers>,
}

impl Tokens {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        let callers = RecentCallers::new(shared.env.settings.identity_cache).into();
        Self { env: shared.env.clone(), sessions: store.clone(), issuer: shared.issuer.clone(), callers }
    }

    /// Who calls with this access token. The session, the role and whether the person is active are the database's
    /// word, of now or of a moment ago ([`Freshness`]).
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] for any token that is not of a living session; [`AuthError::Store`] when the
    /// database can't say.
    pub async fn authenticate(&self, bearer: &str, origin: Origin, freshness: Freshness) -> Result<Caller, AuthError> {
        let (claims, user) = self.check(bearer, freshness).await?;
        let actor = Actor::signed_in(&user, claims.sid, origin);
        Ok(Caller { actor, user })
    }

    /// What an access token says, and whose it is.
    ///
    /// # Errors
    /// Those of [`Self::authenticate`].
    pub(crate) async fn check(
        &self,
        bearer: &str,
        freshness: Freshness,
    ) -> Result<(Arc<Claims>, Arc<User>), AuthError> {
        let claims = self.issuer.access_tokens.verify(bearer).await?;
        let (whose, now) = ((claims.sid, claims.sub), self.env.now());
        let user = self.callers.find(&*self.sessions, whose, now, freshness).await?;
        let user = user
            .filter(|user| user.is_active && user.id == claims.sub && user.role() == claims.role)
            .ok_or(AuthError::InvalidToken)?;
        Ok((claims, user))
    }

    /// Who holds this refresh token: the current one, or the one just spent. It is not spent by that.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub async fn authenticate_refresh_token(&self, refresh_token: &str, origin: Origin) -> Result<Caller, AuthError> {
        let token = RefreshToken::parse(refresh_token, &self.env.keys.secrets()).ok_or(AuthError::InvalidToken)?;
        let now = self.env.now();
        let owner = self.sessions.find_caller(token.session, now).await?.ok_or(AuthError::InvalidToken)?;
        let session = self.sessions.find_session(token.session).await?.ok_or(AuthError::InvalidToken)?;
        if standing(&token, &session, now) == Standing::Old {
            return Err(AuthError::InvalidToken);
        }
        let actor = Actor::signed_in(&owner.user, session.id, origin);
        Ok(Caller { actor, user: Arc::new(owner.user) })
    }

    /// A new pair of tokens for a refresh token, which is spent by that. The token just spent gives the same successor
    /// again for ten seconds; an older one was stolen, or its owner's was, and ends the session (RFC 9700 section
    /// 4.14.2).
    pub async fn renew(&self, actor: &Actor, refresh_token: &str) -> Result<SignedIn, AuthError> {
        let token = RefreshToken::parse(refresh_token, &self.env.keys.secrets()).ok_or(AuthError::InvalidToken)?;
        let mut renewed = self.renew_once(actor, &token).await;
        if matches!(renewed, Err(AuthError::Domain(Error::Stale))) {
            // Somebody renewed it at the same time: now it is one just spent.
            renewed = self.renew_once(actor, &token).await;
        }
        match renewed {
            Err(AuthError::Domain(Error::Stale)) => Err(AuthError::InvalidToken),
            done => done,
        }
    }

    async fn renew_once(&self, actor: &Actor, token: &RefreshToken) -> Result<SignedIn, AuthError> {
        let now = self.env.now();
        let user = self.sessions.find_caller(token.session, now).await?;
        let user = user.ok_or(AuthError::InvalidToken)?.user;
        let session = self.sessions.find_session(token.session).await?;
        let session =
            session.filter(|session| now < session.expires_at.min(self.issuer.expiry(user.role(), session.created_at)));
        let session = session.ok_or(AuthError::InvalidToken)?;
        let successor = token.successor(&self.env.keys.secrets());
        match standing(token, &session, now) {
            Standing::Current => {
                let renewed = self.renewed(actor, user.role(), &session, &successor);
                self.sessions.renew_session(&renewed).await?;
                self.issuer.sign_in(user, &renewed, &successor).await
            }
            Standing::JustSpent => self.issuer.issue(user, &session, &successor),
            Standing::Old => {
                let event = self.env.event(actor, EventKind::SessionEnded, Some(session.user_id));
                let event = event.with_facts([("reason", "refresh_token_reused")]);
                let by = &Authority::Unconditional;
                self.sessions.end_session(by, session.user_id, session.id, &event).await?;
                Err(AuthError::InvalidToken)
            }
        }
    }

    fn renewed(&self, actor: &Actor, role: Role, session: &Session, successor: &RefreshToken) -> Session {
        let now = self.env.now();
        Session {
            last_used_at: now,
            expires_at: self.issuer.expiry(role, session.created_at),
            address: actor.origin.address,
            user_agent: actor.origin.user_agent.clone(),
            spent_digest: Some(session.refresh_digest),
            refresh_digest: successor.digest(),
            renewals: successor.renewals,
            ..session.clone()
        }
    }
}

fn standing(token: &RefreshToken, session: &Session, now: Timestamp) -> Standing {
    let is = |digest: &Digest| equal(digest, &token.digest());
    if token.renewals == session.renewals && is(&session.refresh_digest) {
        Standing::Current
    } else if now - session.last_used_at <= GRACE && session.spent_digest.as_ref().is_some_and(is) {
        Standing::JustSpent
    } else {
        Standing::Old
    }
}
