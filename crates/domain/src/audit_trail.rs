//! Reading the audit trail.

use std::sync::Arc;

use crate::actor::Actor;
use crate::audit::{EventPage, EventQuery};
use crate::error::Error;
use crate::policy::{self, Action, Scope};
use crate::store::AuditStore;

/// The use-cases on the audit trail.
#[derive(Clone)]
pub struct AuditTrail {
    store: Arc<dyn AuditStore>,
}

impl AuditTrail {
    /// Use-cases over a store.
    #[must_use]
    pub fn new(store: Arc<dyn AuditStore>) -> Self {
        Self { store }
    }

    /// A page of the entries that the caller may read: for an admin all, for a
    /// manager those about the customers who are assigned to them now, what
    /// happened before the assignment included.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; those of the reading.
    pub async fn list<E: From<Error>>(
        &self,
        actor: &Actor,
        query: impl AsyncFnOnce() -> Result<EventQuery, E>,
    ) -> Result<EventPage, E> {
        let scope = match policy::scope(actor, Action::ReadAuditEvents) {
            Scope::Nothing => return Err(Error::Forbidden.into()),
            scope => scope,
        };
        let query = query().await?;
        Ok(self.store.list_events(scope, &query).await.map_err(Error::from)?)
    }
}
