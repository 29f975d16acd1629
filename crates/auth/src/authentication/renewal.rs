//! How a session goes on.

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::session::{Digest, Session};
use domain::{Actor, Authority, Role, Timestamp};

use super::{Authentication, SignedIn};
use crate::crypto::equal;
use crate::error::AuthError;
use crate::refresh::RefreshToken;

/// How long the token just spent still gives its successor: a lost answer, two tabs.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What a refresh token is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Current,
    JustSpent,
    Old,
}

impl Authentication {
    /// A new pair of tokens for a refresh token, which is spent by that. The
    /// token just spent gives the same successor again for ten seconds; an
    /// older one was stolen, or its owner's was, and ends the session
    /// (RFC 9700 section 4.14.2).
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`].
    pub async fn renew(&self, actor: &Actor, refresh_token: &str) -> Result<SignedIn, AuthError> {
        let token = RefreshToken::parse(refresh_token, &self.secrets()).ok_or(AuthError::InvalidToken)?;
        match self.renew_once(actor, &token).await {
            // Somebody renewed it at the same time: now it is one just spent.
            Err(AuthError::Domain(domain::Error::Stale)) => match self.renew_once(actor, &token).await {
                Err(AuthError::Domain(domain::Error::Stale)) => Err(AuthError::InvalidToken),
                done => done,
            },
            done => done,
        }
    }

    async fn renew_once(&self, actor: &Actor, token: &RefreshToken) -> Result<SignedIn, AuthError> {
        let now = self.now();
        let user = self.inner.stores.sessions.find_caller(token.session, now).await?;
        let user = user.ok_or(AuthError::InvalidToken)?;
        let session = self.inner.stores.sessions.find_session(token.session).await?;
        let session =
            session.filter(|session| now < session.expires_at.min(self.expiry(user.role(), session.created_at)));
        let session = session.ok_or(AuthError::InvalidToken)?;
        let successor = token.successor(&self.secrets());
        match standing(token, &session, now) {
            Standing::Current => {
                let renewed = self.renewed(actor, user.role(), &session, &successor);
                self.inner.stores.sessions.renew_session(&renewed).await?;
                self.remember_network(&user, renewed.address).await;
                self.signed_in(user, &renewed, &successor)
            }
            Standing::JustSpent => self.signed_in(user, &session, &successor),
            Standing::Old => {
                let event = self.event(actor, EventKind::SessionEnded, Some(session.user_id));
                let event = event.with_facts([("reason", "refresh_token_reused")]);
                let by = &Authority::Unconditional;
                self.inner.stores.sessions.end_session(by, session.user_id, session.id, &event).await?;
                Err(AuthError::InvalidToken)
            }
        }
    }

    fn renewed(&self, actor: &Actor, role: Role, session: &Session, successor: &RefreshToken) -> Session {
        let now = self.now();
        Session {
            last_used_at: now,
            expires_at: self.expiry(role, session.created_at),
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
