//! The caller's sessions.

use std::net::IpAddr;

use serde::Deserialize;
use uuid::Uuid;

use crate::Timestamp;
use crate::client::Client;
use crate::error::Error;
use crate::pages::Items;
use crate::request::Request;

/// One sign-in of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Names it when it is ended.
    pub id: Uuid,
    /// When it began.
    pub created_at: Timestamp,
    /// When its tokens were last renewed.
    pub last_used_at: Timestamp,
    /// When it ends unless its tokens are renewed before.
    pub expires_at: Timestamp,
    /// From where it was begun or last renewed.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whether it is the one in use.
    pub current: bool,
}

impl Client {
    /// The caller's sessions, page after page.
    pub fn sessions(&self) -> Items<Session> {
        self.items("auth/sessions", Vec::new())
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// [`Error::Problem`] with `not_found`.
    pub async fn end_session(&self, id: Uuid) -> Result<(), Error> {
        self.send(Request::delete(format!("auth/sessions/{id}"))).await.map(drop)
    }

    /// Ends all of the caller's sessions but this one.
    ///
    /// # Errors
    /// [`Error::Problem`] with `reauthentication_required` for staff whose session is not fresh.
    pub async fn end_other_sessions(&self) -> Result<(), Error> {
        self.send(Request::delete("auth/sessions")).await.map(drop)
    }
}
