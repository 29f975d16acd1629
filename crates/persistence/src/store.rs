//! The connections, and the two ways to use them: read, or write in a transaction.

use std::sync::Arc;
use std::time::Duration;
#[cfg(feature = "postgres")]
use std::time::Instant;

use domain::store::{StoreError, WriteError};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, QueryResult, QueryTrait, RuntimeErr, SqliteTransactionMode, Statement,
    StatementBuilder, TransactionOptions, TransactionTrait,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug_span};

use crate::callers::Lookups;
use crate::cells::FromCells;
use crate::changes::Changes;
use crate::error::{Failure, is_conflict, is_lost, out_of_time, store_error};
use crate::person_queues::PersonQueues;
#[cfg(feature = "postgres")]
use crate::pipeline::Pipeline;
use crate::readers::Readers;
use crate::runtime::OnRuntime;
use crate::sql::text;
use crate::transaction::Transaction;

/// How often a transaction that lost against others is begun.
const MAX_RETRIES: u32 = 3;

/// The stores of the domain on one database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// For [`Self::try_once`] alone: what else wrote with it would not be counted in `changes`.
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    /// Connections of the threads that serve requests.
    pub(crate) readers: Arc<Readers>,
    /// Where the shared connections live: they outlast the threads that use them.
    pub(crate) runtime: Handle,
    /// The queries for callers.
    pub(crate) lookups: Arc<Lookups>,
    /// How long one operation may take from waiting for a connection to the answer. The server has
    /// limits of its own, but nobody enforces them on a network that swallows packets.
    pub(crate) time_limit: Duration,
    /// Limits how many transactions count attempts at once. They wait for one another's rows, and must not hold every
    /// connection meanwhile.
    pub(crate) counting: Arc<Semaphore>,
    /// How long to wait for a place there.
    pub(crate) patience: Duration,
    /// Lets changes of the same person happen one after the other.
    pub(crate) people: PersonQueues,
    /// Counts whom the transactions may have changed.
    pub(crate) changes: Changes,
    /// How many matches of a search are few. Tests set it lower, since they have few people.
    pub(crate) few: u64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("backend", &self.writer.get_database_backend()).finish_non_exhaustive()
    }
}

impl Store {
    /// Gives the work the time that one operation may take.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        // The timer is set when it is first asked for, which is at runtime.
        OnRuntime::new(&self.runtime, async { timeout(self.time_limit, work).await }).await
    }

    pub(crate) async fn one(&self, select: &SelectStatement) -> Result<Option<QueryResult>, StoreError> {
        Ok(self.all(select).await?.into_iter().next())
    }

    pub(crate) async fn all(&self, select: &SelectStatement) -> Result<Vec<QueryResult>, StoreError> {
        self.read(text::statement(self.reader.get_database_backend(), select)).instrument(debug_span!("read")).await
    }

    /// What is read of the rows of a query that reads little, in the current thread where that is possible.
    pub(crate) async fn little<T: FromCells>(&self, select: &SelectStatement) -> Result<Vec<T>, StoreError> {
        self.little_of(text::statement(self.reader.get_database_backend(), select)).await
    }

    /// The same of a query whose text is kept.
    pub(crate) async fn little_of<T: FromCells>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let span = debug_span!("read");
        if let Some(rows) = span.in_scope(|| self.readers.read_at_once(&statement)) {
            return Ok(rows);
        }
        #[cfg(feature = "postgres")]
        if let Some(pipeline) = self.readers.pipeline() {
            return self.read_pipelined(&pipeline, statement).instrument(span).await;
        }
        self.read(statement).instrument(span).await?.iter().map(T::read).collect()
    }

    /// Asks again in the usual way if that fails, all within the time of one operation.
    #[cfg(feature = "postgres")]
    async fn read_pipelined<T: FromCells>(
        &self,
        pipeline: &Pipeline,
        statement: Statement,
    ) -> Result<Vec<T>, StoreError> {
        let begun = Instant::now();
        if let Some(rows) = pipeline.all(&statement).await {
            return Ok(rows);
        }
        let rest = self.time_limit.saturating_sub(begun.elapsed());
        let rows = timeout(rest, self.read(statement)).await.map_err(|_| out_of_time())?;
        rows?.iter().map(T::read).collect()
    }

    async fn read(&self, statement: Statement) -> Result<Vec<QueryResult>, StoreError> {
        if let Some(rows) = self.read_on_this_thread(&statement).await? {
            return Ok(rows);
        }
        let query = self.in_time(self.reader.query_all_raw(statement));
        query.await.map_err(|_| out_of_time())?.map_err(|error| store_error(&error))
    }

    /// Reads with a connection of the current thread; `None` without one, or when it was lost.
    async fn read_on_this_thread(&self, statement: &Statement) -> Result<Option<Vec<QueryResult>>, StoreError> {
        let Some(mut reader) = self.readers.take().await else { return Ok(None) };
        match timeout(self.time_limit, reader.all(statement.clone())).await {
            Err(_) => Err(out_of_time()),
            Ok(Ok(rows)) => Ok(Some(rows)),
            Ok(Err(error)) if is_lost(&error) => Ok(None),
            Ok(Err(error)) => Err(store_error(&DbErr::Query(RuntimeErr::SqlxError(error.into())))),
        }
    }

    /// The number that a statement answers as `total`.
    pub(crate) async fn count(&self, select: &SelectStatement) -> Result<u64, StoreError> {
        let row = self.one(select).await?;
        let count = row.map_or(Ok(0), |row| row.try_get::<i64>("", "total")).map_err(|error| store_error(&error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Runs `act` in a transaction, which is committed when it returns `Ok`, rolled back when not, and
    /// begun again when it lost against another one.
    ///
    /// The transaction is handed over in an `Arc` since a closure can't yet lend
    /// it to a future that is `Send` and borrows something else too.
    pub(crate) async fn write<T, A, F>(&self, act: A) -> Result<T, WriteError>
    where
        T: Send,
        A: Fn(Arc<Transaction>) -> F + Send + Sync,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let written = self.in_time(self.retried(act)).instrument(debug_span!("write"));
        written.await.unwrap_or_else(|_| Err(out_of_time().into()))
    }

    /// The same for what counts attempts.
    pub(crate) async fn count_and_write<T, A, F>(&self, act: A) -> Result<T, WriteError>
    where
        T: Send,
        A: Fn(Arc<Transaction>) -> F + Send + Sync,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let Ok(Ok(_permit)) = timeout(self.patience, self.counting.acquire()).await else {
            return Err(out_of_time().into());
        };
        self.write(act).await
    }

    /// One statement in a transaction of its own. Answers how many rows it changed.
    pub(crate) async fn execute(
        &self,
        statement: impl QueryTrait<QueryStatement: StatementBuilder + Sync>,
    ) -> Result<u64, StoreError> {
        let statement = &statement.into_query();
        let done = self.write(move |txn| async move { Ok(txn.execute(statement).await?.rows_affected()) });
        done.await.map_err(WriteError::into_store_error)
    }

    async fn retried<T, A, F>(&self, act: A) -> Result<T, WriteError>
    where
        A: Fn(Arc<Transaction>) -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        let mut attempt = 1;
        loop {
            match self.try_once(&act).await {
                Err(Failure::Database(error)) if attempt < MAX_RETRIES && is_conflict(&error) => {
                    sleep(Duration::from_millis(10) * attempt).await;
                    attempt += 1;
                }
                result => return Ok(result?),
            }
        }
    }

    pub(crate) async fn try_once<T, A, F>(&self, act: &A) -> Result<T, Failure>
    where
        A: Fn(Arc<Transaction>) -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        // A transaction of SQLite that reads first and writes later fails under load, whatever the busy timeout.
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        let transaction = Arc::new(Transaction::new(self.writer.begin_with_options(options).await?, &self.changes));
        let result = act(Arc::clone(&transaction)).await;
        let Some(transaction) = Arc::into_inner(transaction) else {
            let error = StoreError::Failed("a transaction was kept beyond its end".into());
            return Err(WriteError::Store(error).into());
        };
        match result {
            Ok(value) => transaction.commit().await.map(|()| value).map_err(Into::into),
            Err(failure) => {
                // The first failure is the one to tell; a connection that can't roll back is closed by the pool.
                let _ = transaction.rollback().await;
                Err(failure)
            }
        }
    }
}
