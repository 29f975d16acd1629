//! A connection to `PostgreSQL` over which a thread sends its queries one after the other, without waiting for the
//! answers.
//!
//! Nobody depends on it. It only reads, and what it reads is little: whoever has no answer soon asks again another way.

mod bound;
mod open;
pub(crate) mod received;
mod slots;
mod statements;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::{Statement as Query, Values};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use self::bound::Bound;
pub(crate) use self::open::Target;
pub(crate) use self::slots::Slots;
use self::statements::{Statements, Text};
use crate::cells::FromCells;

/// How long to wait while the server answers nothing at all before the connection is taken for lost.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often to wait so long while it answers others.
const ROUNDS: usize = 4;
/// Most queries under way. Whoever comes then asks another way.
const MAX_UNDER_WAY: usize = 64;

/// An open connection.
pub(crate) struct Pipeline {
    client: Client,
    /// What sends and receives.
    task: AbortHandle,
    statements: Statements,
    opened: Instant,
    /// When it was last used, in milliseconds after it was opened.
    used: AtomicU64,
    under_way: AtomicUsize,
    /// How many queries were answered, errors included.
    answered: AtomicU64,
    is_lost: AtomicBool,
}

/// Why there are no rows.
enum NotRead {
    Server(Error),
    /// A row is not as expected.
    Row,
}

impl From<Error> for NotRead {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

/// A query under way.
struct UnderWay<'p>(&'p Pipeline);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pipeline {
    fn new(client: Client, task: AbortHandle, statements: usize) -> Self {
        Self {
            client,
            task,
            statements: Statements::new(statements),
            opened: Instant::now(),
            used: AtomicU64::default(),
            under_way: AtomicUsize::default(),
            answered: AtomicU64::default(),
            is_lost: AtomicBool::default(),
        }
    }

    /// The rows of a query, or `None`: then it has to be asked another way.
    pub(crate) async fn all<T: FromCells>(&self, query: &Query) -> Option<Vec<T>> {
        let _under_way = self.begin()?;
        let text = self.statements.find(&query.sql)?;
        let mut reading = pin!(self.read(&text, query));
        for _ in 0..ROUNDS {
            let answered = self.answered.load(Ordering::Relaxed);
            match timeout(PATIENCE, reading.as_mut()).await {
                Ok(read) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return read.map_err(|reason| self.note(&query.sql, &text, &reason)).ok();
                }
                Err(_) if answered == self.answered.load(Ordering::Relaxed) => {
                    self.give_up();
                    return None;
                }
                Err(_) => {}
            }
        }
        None
    }

    fn begin(&self) -> Option<UnderWay<'_>> {
        let age = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used.store(age, Ordering::Relaxed);
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        let under_way = UnderWay(self);
        (before < MAX_UNDER_WAY).then_some(under_way)
    }

    async fn read<T: FromCells>(&self, text: &Text, query: &Query) -> Result<Vec<T>, NotRead> {
        let values = query.values.as_ref().map_or(&[][..], |Values(values)| values);
        let statement = text.prepared(&self.client, &query.sql, values).await?;
        let rows = self.client.query_raw(statement, values.iter().map(Bound)).await?;
        let (mut rows, mut read) = (pin!(rows), Vec::new());
        while let Some(row) = rows.try_next().await? {
            read.push(T::read(&row).map_err(|_| NotRead::Row)?);
        }
        Ok(read)
    }

    /// What to do otherwise next time.
    fn note(&self, sql: &str, text: &Text, reason: &NotRead) {
        let NotRead::Server(error) = reason else { return };
        match error.code() {
            Some(code) if *code == SqlState::QUERY_CANCELED => text.is_slow(),
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => {}
            // Such as a prepared statement that a migration has made useless.
            _ => self.statements.forget(sql),
        }
    }

    /// Takes the connection for lost. All who wait for it know at once.
    fn give_up(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
        self.task.abort();
    }

    fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed) || self.client.is_closed()
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    fn idle_for(&self) -> Duration {
        self.age().saturating_sub(Duration::from_millis(self.used.load(Ordering::Relaxed)))
    }

    /// Whether it answers.
    async fn is_well(&self) -> bool {
        let is_well = self.client.simple_query("").await.is_ok();
        // From now on it counts as used.
        drop(self.begin());
        is_well
    }
}
