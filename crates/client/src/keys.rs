//! API keys, with which programs call.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;
use crate::client::Client;
use crate::error::Error;
use crate::names::Action;
use crate::pages::Items;
use crate::request::Request;

/// An API key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ApiKey {
    /// Names it when it is revoked.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may do, within what its owner may.
    pub scopes: Vec<Action>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// To about a minute; `None` before its first use.
    pub last_used_at: Option<Timestamp>,
    /// From where it may be used; from anywhere when it is empty.
    pub networks: Vec<String>,
    /// As whom it acts.
    pub owner_id: Uuid,
}

/// An API key that was just made.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct CreatedApiKey {
    /// The key itself, which the service shows this once.
    pub key: SecretString,
    /// What it is.
    #[serde(flatten)]
    pub about: ApiKey,
}

/// An API key to be made.
///
/// ```
/// use clientele_client::{Action, NewApiKey};
///
/// let report = NewApiKey::new("nightly report", [Action::ListUsers]).networks(["192.0.2.0/24"]);
/// # let _ = report;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[must_use]
pub struct NewApiKey {
    name: String,
    scopes: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    networks: Vec<String>,
}

impl NewApiKey {
    /// A key of this name for these actions. It works for a year, from anywhere.
    pub fn new(name: impl Into<String>, scopes: impl IntoIterator<Item = Action>) -> Self {
        Self { name: name.into(), scopes: scopes.into_iter().collect(), expires_at: None, networks: Vec::new() }
    }

    /// When it is to stop working, in three years at the latest.
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires_at: Some(at), ..self }
    }

    /// From where it may be used: addresses and networks such as `10.0.0.0/8`, at most 50.
    pub fn networks<T: Into<String>>(self, networks: impl IntoIterator<Item = T>) -> Self {
        Self { networks: networks.into_iter().map(Into::into).collect(), ..self }
    }
}

impl Client {
    /// The API keys of the caller, page after page; for an admin, of anybody.
    pub fn api_keys(&self, owner: Option<Uuid>) -> Items<ApiKey> {
        self.items("auth/keys", owner.iter().map(|id| ("owner_id", id.to_string())).collect())
    }

    /// Makes an API key. For staff, in a fresh session.
    ///
    /// # Errors
    /// [`Error::Problem`] with `reauthentication_required`, `too_many_keys`, or `validation_failed` for a scope that the
    /// caller does not have.
    pub async fn create_api_key(&self, new: &NewApiKey) -> Result<CreatedApiKey, Error> {
        self.read(Request::post("auth/keys").json(new)).await
    }

    /// Revokes an API key of the caller; for an admin, of anybody.
    ///
    /// # Errors
    /// [`Error::Problem`] with `not_found`.
    pub async fn revoke_api_key(&self, id: Uuid) -> Result<(), Error> {
        self.send(Request::delete(format!("auth/keys/{id}"))).await.map(drop)
    }
}
