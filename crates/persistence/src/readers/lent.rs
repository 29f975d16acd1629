//! Connections that are lent for one query.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sea_orm::{QueryResult, SqlxError, Statement};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::thread::{Idle, Thread};
use super::{Readers, locked};

/// A place among the connections of a thread.
pub(super) struct Held {
    pub(super) readers: Arc<Readers>,
    pub(super) thread: Arc<Thread>,
    pub(super) _place: OwnedSemaphorePermit,
}

impl Held {
    /// Has a connection ready for the next one who asks.
    pub(super) async fn prepare(self, idle: Option<Idle>) {
        // Who finds none opens one, so a failure needs no other attempt here.
        if let Ok(Ok(idle)) = timeout(self.readers.time_to_open, self.readers.renewed(idle)).await {
            self.give_back(idle).await;
        }
    }

    async fn give_back(self, idle: Idle) {
        if self.readers.is_closed() && self.readers.connector.is_of_a_runtime() {
            let _ = idle.connection.close().await;
        } else {
            locked(&self.thread.idle).push(idle);
        }
    }
}

/// A connection that is lent for one query.
pub(crate) struct Reader {
    pub(super) idle: Option<Idle>,
    pub(super) held: Option<Held>,
    /// Whether the last query was answered to its end.
    pub(super) is_well: bool,
}

impl Reader {
    /// The rows of a query.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, SqlxError> {
        let Some(idle) = &mut self.idle else { return Err(SqlxError::PoolClosed) };
        self.is_well = false;
        let rows = idle.connection.all(statement).await?;
        self.is_well = true;
        Ok(rows)
    }
}

impl Drop for Reader {
    /// Gives the connection back. One whose query failed or was given up is tried out first.
    fn drop(&mut self) {
        let (Some(mut idle), Some(held)) = (self.idle.take(), self.held.take()) else { return };
        if self.is_well && !held.readers.is_closed() {
            idle.since = Instant::now();
            held.thread.answered.fetch_add(1, Ordering::Relaxed);
            locked(&held.thread.idle).push(idle);
        } else if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(held.prepare(Some(idle)));
        }
    }
}
