//! As whom a client calls, and how a session goes on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use crate::error::Error;
use crate::request::Request;
use crate::transport::Transport;

/// As whom a client calls.
#[derive(Clone)]
pub(crate) enum Caller {
    Nobody,
    ApiKey(SecretString),
    Session(Session),
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "nobody",
            Self::ApiKey(_) => "an API key",
            Self::Session(_) => "a session",
        })
    }
}

/// The tokens of an answer that begins or renews a session.
#[derive(Deserialize)]
pub(crate) struct IssuedTokens {
    access_token: SecretString,
    /// In seconds.
    expires_in: u64,
    refresh_token: SecretString,
}

/// A session, shared by all clones of its client.
#[derive(Clone)]
pub(crate) struct Session(Arc<Mutex<Tokens>>);

pub(crate) struct Tokens {
    /// Not there before the first renewal of a session that is resumed.
    access: Option<SecretString>,
    /// From then on it is renewed before it is used.
    renew_at: Instant,
    refresh: SecretString,
}

impl From<IssuedTokens> for Tokens {
    fn from(issued: IssuedTokens) -> Self {
        let lifetime = Duration::from_secs(issued.expires_in);
        let margin = (lifetime / 10).min(Duration::from_mins(1));
        let renew_at = Instant::now() + lifetime.saturating_sub(margin);
        Self { access: Some(issued.access_token), renew_at, refresh: issued.refresh_token }
    }
}

impl Session {
    pub(crate) fn begun(issued: IssuedTokens) -> Self {
        Self::of(issued.into())
    }

    /// A session that another client began.
    pub(crate) fn resumed(refresh: SecretString) -> Self {
        Self::of(Tokens { access: None, renew_at: Instant::now(), refresh })
    }

    fn of(tokens: Tokens) -> Self {
        Self(Arc::new(Mutex::new(tokens)))
    }

    pub(crate) async fn refresh_token(&self) -> SecretString {
        self.0.lock().await.refresh.clone()
    }

    /// An access token that should be good for a while.
    pub(crate) async fn access_token(&self, transport: &Arc<Transport>) -> Result<SecretString, Error> {
        let tokens = self.0.clone().lock_owned().await;
        match &tokens.access {
            Some(access) if Instant::now() < tokens.renew_at => Ok(access.clone()),
            _ => renewed(transport.clone(), tokens).await,
        }
    }

    /// Another access token than the one that was refused. Somebody else may have renewed it meanwhile.
    pub(crate) async fn other_token(
        &self,
        transport: &Arc<Transport>,
        refused: &SecretString,
    ) -> Result<SecretString, Error> {
        let tokens = self.0.clone().lock_owned().await;
        match &tokens.access {
            Some(access) if access.expose_secret() != refused.expose_secret() => Ok(access.clone()),
            _ => renewed(transport.clone(), tokens).await,
        }
    }
}

/// Renews a session that nobody else renews meanwhile. It is a task of its own: a caller who loses interest half-way must
/// not leave a spent token behind.
async fn renewed(transport: Arc<Transport>, mut tokens: OwnedMutexGuard<Tokens>) -> Result<SecretString, Error> {
    let renewal = tokio::spawn(async move {
        let body = json!({ "refresh_token": tokens.refresh.expose_secret() });
        // For ten seconds a spent token gives the same pair again.
        let mut request = Request::post("auth/refresh").json(&body).may_be_done_twice();
        let issued: IssuedTokens = transport.send(&mut request, None).await?.json()?;
        let access = issued.access_token.clone();
        *tokens = issued.into();
        Ok(access)
    });
    renewal.await.unwrap_or_else(|error| Err(Error::Lost(Box::new(error))))
}
