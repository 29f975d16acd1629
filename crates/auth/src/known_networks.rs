//! Remembers from which networks people were signed in.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::limit::network;
use domain::session::Digest;
use domain::store::{AttemptStore, Credentials};
use domain::{Actor, User, UserId};
use uuid::Uuid;

use crate::env::Env;
use crate::error::AuthError;

/// How long it is remembered that somebody was signed in from a network.
const RETENTION: TimeDelta = TimeDelta::days(90);
/// How often that is written again.
const WRITTEN_EVERY: TimeDelta = TimeDelta::days(1);

/// From which networks staff were signed in.
pub(crate) struct KnownNetworks {
    pub(crate) env: Arc<Env>,
    pub(crate) attempts: Arc<dyn AttemptStore>,
}

impl KnownNetworks {
    /// Remembers that somebody of the staff was let in from an address. Failing to does not keep them out.
    pub(crate) async fn remember(&self, user: &User, address: Option<IpAddr>) {
        let Some(address) = address.filter(|_| self.env.settings.limits && user.staff().is_some()) else { return };
        let until = self.env.now() + RETENTION;
        let network = self.digest(user.id, address);
        if let Err(error) = self.attempts.remember_network(user.id, &network, until, until - WRITTEN_EVERY).await {
            tracing::warn!(error = %domain::ErrorChain(&error), "the network of a sign-in was not remembered");
        }
    }

    /// Whether the owner was let in from the actor's network before. Accounts that nobody has are asked for too, so
    /// that the time does not tell.
    pub(crate) async fn knows(&self, actor: &Actor, found: Option<&Credentials>) -> Result<bool, AuthError> {
        let Some(address) = actor.origin.address else { return Ok(false) };
        let owner = found.map_or_else(|| Uuid::nil().into(), |found| found.user.id);
        Ok(self.attempts.knows_network(owner, &self.digest(owner, address), self.env.now()).await?)
    }

    fn digest(&self, user: UserId, address: IpAddr) -> Digest {
        let network = network(address).to_string();
        self.env.hash(&[b"known network", user.as_uuid().as_bytes(), network.as_bytes()])
    }
}

/// The actor's network as text, as it is counted. Those without an address are one network.
pub(crate) fn network_of(actor: &Actor) -> String {
    actor.origin.address.map(|address| network(address).to_string()).unwrap_or_default()
}
