//! Makes sessions and their tokens.

use std::sync::Arc;

use domain::audit::{Event, EventKind};
use domain::session::Session;
use domain::{Actor, Origin, Role, Timestamp, User};

use crate::access_token::AccessTokens;
use crate::answer::{SignedIn, whole_seconds};
use crate::env::Env;
use crate::error::AuthError;
use crate::guesses::KnownNetworks;
use crate::refresh_token::RefreshToken;

/// Makes sessions and their tokens. The caller stores the session before it issues the tokens.
pub(crate) struct SessionIssuer {
    pub(crate) env: Arc<Env>,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) networks: Arc<KnownNetworks>,
}

impl SessionIssuer {
    /// A session that is not stored yet, and its first refresh token.
    pub(crate) fn draft(&self, user: &User, origin: &Origin) -> Result<(Session, RefreshToken), AuthError> {
        let now = self.env.now();
        let id = self.env.clock.new_id().into();
        let token = RefreshToken::first(id)?;
        let session = Session {
            id,
            user_id: user.id,
            created_at: now,
            proven_at: now,
            last_used_at: now,
            expires_at: self.expiry(user.role(), now),
            address: origin.address,
            user_agent: origin.user_agent.clone(),
            refresh_digest: token.digest(),
            spent_digest: None,
            renewals: token.renewals,
        };
        Ok((session, token))
    }

    /// When a session that began at `began` expires if it is renewed now. It never lasts longer than the current
    /// settings allow (ASVS 7.3.2).
    pub(crate) fn expiry(&self, role: Role, began: Timestamp) -> Timestamp {
        (self.env.now() + self.env.settings.refresh_ttl).min(began + self.env.settings.session_max_ttl(role))
    }

    /// The event of a session that starts.
    pub(crate) fn started(&self, user: &User, origin: &Origin) -> Event {
        self.env.event(&Actor::user(user, origin.clone()), EventKind::SessionStarted, Some(user.id))
    }

    /// Signs in the owner of a stored session. Remembers the network from which they use it.
    pub(crate) async fn sign_in(
        &self,
        user: User,
        session: &Session,
        token: &RefreshToken,
    ) -> Result<SignedIn, AuthError> {
        self.networks.remember(&user, session.address).await;
        self.issue(user, session, token)
    }

    /// The tokens of a stored session.
    pub(crate) fn issue(&self, user: User, session: &Session, token: &RefreshToken) -> Result<SignedIn, AuthError> {
        let (access_token, expires_in) = self.access_tokens.issue(&user, session.id)?;
        Ok(SignedIn {
            access_token,
            expires_in,
            refresh_token: token.encode(&self.env.keys.secrets()),
            refresh_expires_in: whole_seconds(session.expires_at - self.env.now()),
            user,
        })
    }
}
