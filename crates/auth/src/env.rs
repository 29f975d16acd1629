//! What every use-case needs beside its ports.

use std::sync::Arc;

use domain::accounts::new_user;
use domain::audit::{Event, EventKind, changes};
use domain::delivery::MessageKeys as _;
use domain::limit::{Attempt, Limit, network};
use domain::session::Digest;
use domain::store::Account;
use domain::{Actor, Authority, Clock, DisplayName, PasswordHash, Staff, StaffRole, Timestamp, UserId};
use tokio::sync::Notify;

use crate::access_token::TokenSettings;
use crate::hasher::PasswordHasher;
use crate::keys::KeyRing;
use crate::settings::Settings;

/// What the use-cases need beside a store.
pub struct Env {
    pub clock: Arc<dyn Clock>,
    /// The keys of codes and refresh tokens.
    pub keys: Arc<KeyRing>,
    /// What access tokens say of themselves.
    pub tokens: TokenSettings,
    pub hasher: PasswordHasher,
    /// Notified when a message was written, so that the outbox of this process looks at once.
    pub outbox_signal: Arc<Notify>,
    pub settings: Settings,
}

impl Env {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The authority by which the actor changes something now.
    pub(crate) fn authority(&self, actor: &Actor) -> Authority {
        actor.authority(self.now())
    }

    pub(crate) fn event(&self, actor: &Actor, kind: EventKind, subject: Option<UserId>) -> Event {
        Event::new(&*self.clock, actor, kind, subject)
    }

    /// An active account of staff that is not stored yet.
    pub(crate) fn staff_account(
        &self,
        role: StaffRole,
        staff: Staff,
        name: Option<DisplayName>,
        hash: PasswordHash,
    ) -> Account {
        let (id, now) = (self.clock.new_id().into(), self.now());
        Account::new(new_user(id, now, role.profile(staff), name, true), hash)
    }

    /// The event of a new account.
    pub(crate) fn created(&self, actor: &Actor, account: &Account) -> Event {
        let user = &account.user;
        self.event(actor, EventKind::UserCreated, Some(user.id)).with_changes(changes(None, user))
    }

    /// A keyed hash. Counters and other rows under it name nobody.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> Digest {
        self.keys.hash(parts)
    }

    pub(crate) fn attempt(&self, name: &'static str, limit: Limit, parts: &[&[u8]]) -> Attempt {
        Attempt { key: self.hash(parts), name, limit }
    }
}

/// The actor's network as text. All actors without an address count as one network.
pub(crate) fn network_of(actor: &Actor) -> String {
    actor.origin.address.map(|address| network(address).to_string()).unwrap_or_default()
}
