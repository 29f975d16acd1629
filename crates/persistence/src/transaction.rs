//! A transaction that knows which events it has recorded and whom it may have changed.

use std::sync::{Mutex, PoisonError};

use domain::audit::{Event, EventKind};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::changes::{Changed, Changes};

/// A transaction that writes. Its events are counted for the metrics when it is committed, and not before. Whom it may
/// have changed is counted at its end, whichever it is: when it is dropped during the commit, nobody knows what became
/// of it.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    recorded: Mutex<Vec<EventKind>>,
    /// Dropped last.
    changed: Changed,
}

impl Transaction {
    pub(crate) fn new(inner: DatabaseTransaction, changes: &Changes) -> Self {
        Self { inner, recorded: Mutex::default(), changed: Changed::new(changes) }
    }

    /// Notes what was recorded.
    pub(crate) fn note(&self, events: &[Event]) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.extend(events.iter().map(|event| event.kind));
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        // Counted when this goes: after the commit, and before anybody is told of it.
        let Self { inner, recorded, changed: _changed } = self;
        inner.commit().await?;
        for kind in recorded.into_inner().unwrap_or_else(PoisonError::into_inner) {
            metrics::counter!("clientele_audit_events_total", "action" => kind.as_str()).increment(1);
        }
        Ok(())
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        let Self { inner, changed: _changed, .. } = self;
        inner.rollback().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.changed.note(&statement);
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.changed.note_text(sql);
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.changed.note(&statement);
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.changed.note(&statement);
        self.inner.query_all_raw(statement).await
    }
}
