//! What every use-case needs beside its ports.

use std::sync::Arc;

use domain::accounts::new_user;
use domain::audit::{Event, EventKind, changes};
use domain::delivery::MessageKeys as _;
use domain::limit::{Attempt, Limit};
use domain::session::Digest;
use domain::store::Account;
use domain::{Actor, Authority, Clock, DisplayName, PasswordHash, Staff, StaffRole, Timestamp, UserId};
use tokio::sync::Notify;

use crate::keys::KeyRing;
use crate::settings::Settings;

/// Time, keys and settings.
pub(crate) struct Env {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) settings: Settings,
    /// Notified when a message was written.
    pub(crate) outbox_signal: Arc<Notify>,
}

impl Env {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// By what right the actor changes something now.
    pub(crate) fn authority(&self, actor: &Actor) -> Authority {
        actor.authority(self.now())
    }

    pub(crate) fn event(&self, actor: &Actor, kind: EventKind, subject: Option<UserId>) -> Event {
        Event::new(&*self.clock, actor, kind, subject)
    }

    /// An account of staff, active, that is not stored yet.
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

    /// The event of an account that is new.
    pub(crate) fn created(&self, actor: &Actor, account: &Account) -> Event {
        let user = &account.user;
        self.event(actor, EventKind::UserCreated, Some(user.id)).with_changes(changes(None, user))
    }

    /// A keyed hash, so that what is counted or remembered under it names nobody.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> Digest {
        self.keys.hash(parts)
    }

    pub(crate) fn attempt(&self, name: &'static str, limit: Limit, parts: &[&[u8]]) -> Attempt {
        Attempt { key: self.hash(parts), name, limit }
    }
}
