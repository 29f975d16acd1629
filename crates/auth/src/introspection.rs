//! Says of a token whether it is good, and whose it is (RFC 7662).

use domain::{Action, Actor, Role, UserId, policy};
use secrecy::{ExposeSecret, SecretString};

use crate::access_token::TokenSettings;
use crate::api_keys::ApiKeys;
use crate::error::AuthError;
use crate::seen::Freshness;
use crate::tokens::Tokens;

/// Answers those who were shown a token.
#[derive(Clone)]
pub struct Introspection {
    pub(crate) tokens: Tokens,
    pub(crate) api_keys: ApiKeys,
    pub(crate) settings: TokenSettings,
}

/// A token or a key that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// Whose it is.
    pub subject: UserId,
    /// Their role now.
    pub role: Role,
    /// When it was issued, in seconds since 1970.
    pub issued_at: i64,
    /// When it expires, in seconds since 1970.
    pub expires_at: i64,
    pub issuer: String,
    pub audience: String,
    /// The scopes of an API key, with spaces between them.
    pub scope: Option<String>,
}

impl Introspection {
    /// What is known of a token; nothing of one that is not good, whatever the reason. A key counts as good wherever it
    /// may be used from.
    ///
    /// # Errors
    /// `Forbidden` for all but admins, and keys of theirs that are made for it; those of reading the token;
    /// [`AuthError::Store`] when the database can't say.
    pub async fn introspect<E: From<AuthError>>(
        &self,
        actor: &Actor,
        token: impl AsyncFnOnce() -> Result<SecretString, E>,
    ) -> Result<Option<ActiveToken>, E> {
        policy::allowed(actor, Action::Introspect).map_err(AuthError::Domain)?;
        let token = token().await?;
        let token = token.expose_secret();
        let found = if ApiKeys::is_key(token) { self.key(token).await } else { self.access_token(token).await };
        match found {
            Ok(active) => Ok(Some(active)),
            Err(AuthError::InvalidToken) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn access_token(&self, token: &str) -> Result<ActiveToken, AuthError> {
        let (claims, user) = self.tokens.check(token, Freshness::Recent).await?;
        let (issuer, audience) = (claims.iss.to_string(), claims.aud.to_string());
        let (issued_at, expires_at) = (claims.iat, claims.exp);
        Ok(ActiveToken { subject: user.id, role: user.role(), issued_at, expires_at, issuer, audience, scope: None })
    }

    async fn key(&self, text: &str) -> Result<ActiveToken, AuthError> {
        let found = self.api_keys.find(text, Freshness::Recent).await?;
        let (user, key) = (&found.user, &found.key);
        let names: Vec<&str> = key.scopes.names().collect();
        Ok(ActiveToken {
            subject: user.id,
            role: user.role(),
            issued_at: key.created_at.timestamp(),
            expires_at: key.expires_at.timestamp(),
            issuer: self.settings.issuer.clone(),
            audience: self.settings.audience.clone(),
            scope: Some(names.join(" ")),
        })
    }
}
