//! What the caller may do.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::names::{Action, Reach};
use crate::request::Request;
use crate::user::Role;

/// What the caller may do, and on whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Permissions {
    /// The caller's role.
    pub role: Role,
    /// Every action, and on whom.
    pub actions: BTreeMap<Action, Reach>,
    /// The fields that the caller may set.
    pub fields: SettableFields,
}

impl Permissions {
    /// On whom the caller may do this.
    #[must_use]
    pub fn reach(&self, action: &Action) -> &Reach {
        self.actions.get(action).unwrap_or(&Reach::Nobody)
    }
}

/// The fields that somebody may set, by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SettableFields {
    /// On staff; a manager on themselves.
    pub staff: Vec<String>,
    /// On customers; a customer on themselves.
    pub customer: Vec<String>,
}

impl Client {
    /// What the caller may do.
    ///
    /// # Errors
    /// [`Error::Problem`] when nobody is signed in.
    pub async fn permissions(&self) -> Result<Permissions, Error> {
        self.read(Request::get("users/me/permissions")).await
    }
}
