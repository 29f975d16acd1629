//! What every use-case needs beside its ports.

use std::sync::Arc;

use domain::audit::{Event, EventKind};
use domain::delivery::MessageKeys as _;
use domain::limit::{Attempt, Limit};
use domain::session::Digest;
use domain::{Actor, Authority, Clock, Timestamp, UserId};
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

    /// A keyed hash, so that what is counted or remembered under it names nobody.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> Digest {
        self.keys.hash(parts)
    }

    pub(crate) fn attempt(&self, name: &'static str, limit: Limit, parts: &[&[u8]]) -> Attempt {
        Attempt { key: self.hash(parts), name, limit }
    }
}
