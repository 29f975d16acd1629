//! Whether a token or a key is good (RFC 7662).

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::Timestamp;
use crate::client::Client;
use crate::error::Error;
use crate::names::Action;
use crate::request::{Content, Request};
use crate::user::Role;

/// A token or a key that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActiveToken {
    /// Whose it is.
    pub sub: Uuid,
    /// The role of its owner now.
    pub role: Role,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Who made it: the URL of the service.
    pub iss: String,
    /// For whom it was made.
    pub aud: String,
    /// What a key may do; `None` for an access token, which may do all that its owner may.
    pub scopes: Option<Vec<Action>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Active {
        sub: Uuid,
        role: Role,
        #[serde(with = "chrono::serde::ts_seconds")]
        exp: Timestamp,
        #[serde(with = "chrono::serde::ts_seconds")]
        iat: Timestamp,
        iss: String,
        aud: String,
        scope: Option<String>,
    },
    /// Without any reason.
    Inactive { active: bool },
}

impl Client {
    /// Whose token or API key this is; `None` when it is not good, whatever the reason. For admins, and for keys with
    /// [`Action::Introspect`].
    ///
    /// # Errors
    /// [`Error::Problem`] with `forbidden`.
    pub async fn introspect(&self, token: &SecretString) -> Result<Option<ActiveToken>, Error> {
        let request = Request::post("oauth/introspect").may_be_done_twice();
        let request = request.content("application/x-www-form-urlencoded", Content::Whole(form(token).into()));
        let answer = self.send(request).await?;
        match answer.json()? {
            Body::Active { sub, role, exp, iat, iss, aud, scope } => {
                let scopes = scope.map(|scope| scope.split(' ').map(Action::from).collect());
                Ok(Some(ActiveToken { sub, role, expires_at: exp, issued_at: iat, iss, aud, scopes }))
            }
            Body::Inactive { active: false } => Ok(None),
            Body::Inactive { active: true } => Err(answer.unexpected("an active token without its claims")),
        }
    }
}

/// A form with the token, escaped as the query of a URL is.
fn form(token: &SecretString) -> String {
    let url = Url::parse_with_params("http://form", [("token", token.expose_secret())]);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}
