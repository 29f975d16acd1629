//! Opening and closing a database.

use std::sync::Arc;
use std::time::Duration;

use domain::store::StoreError;
use sea_orm::{DbBackend, sqlx};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::callers::Lookups;
use crate::changes::Changes;
use crate::connect::Target;
use crate::error::{DatabaseError, store_error};
use crate::migrate::{self, Schema};
use crate::options::{Options, Server};
use crate::person_queues::PersonQueues;
use crate::readers::Readers;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::server_url::has_unknown_options;
use crate::sql::user_pages;
use crate::store::Store;

/// A pool of connections at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// `writer` and `readers` on `SQLite`, `shared` elsewhere; `threads` are those of the threads that serve requests.
    pub name: &'static str,
    /// Open connections, and those that are being opened.
    pub size: u32,
    /// Open connections that nobody uses.
    pub idle: u32,
    /// Most connections at once.
    pub max: u32,
}

impl PoolState {
    fn of<DB: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<DB>) -> Self {
        let (idle, max) = (u32::try_from(pool.num_idle()).unwrap_or(u32::MAX), pool.options().get_max_connections());
        Self { name, size: pool.size(), idle, max }
    }

    fn of_threads(readers: &Readers) -> Self {
        let (size, idle, max) = readers.count();
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self { name: "threads", size: number(size), idle: number(idle), max: number(max) }
    }
}

/// An open database.
#[derive(Clone)]
pub struct Database {
    target: Target,
    store: Store,
}

impl std::fmt::Debug for Database {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Database {
    /// Whether a URL names a database that this program can open. Asks nobody.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn check_url(url: &str) -> Result<(), DatabaseError> {
        Target::parse(url).map(drop)
    }

    /// What the URL says of the server; a file of `SQLite` has none. Asks nobody.
    ///
    /// # Errors
    /// As [`Self::check_url`].
    pub fn server(url: &str) -> Result<Option<Server>, DatabaseError> {
        let server = Target::parse(url)?.server();
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        let server = server.map(|server| Server { has_unknown_options: has_unknown_options(url), ..server });
        Ok(server)
    }

    /// Opens the database of a `sqlite:`, `postgres:`, `postgresql:`, `mysql:` or `mariadb:` URL. The
    /// file of `SQLite` and its folder are made when missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] within the acquire timeout when nobody answers.
    ///
    /// # Panics
    /// Outside of a tokio runtime. The connections live in the one that is current, which is to outlast those of
    /// others who use the store.
    pub async fn connect(url: &str, options: &Options) -> Result<Self, DatabaseError> {
        let target = Target::parse(url)?;
        let (writer, reader) = target.open(options).await?;
        let time_limit = options.acquire_timeout + options.statement_timeout + Duration::from_secs(3);
        let runtime = Handle::current();
        let counting = Arc::new(Semaphore::new((target.connections(options) / 2).max(1)));
        let patience = options.acquire_timeout;
        let per_thread = target.connections_per_thread(options);
        let readers = Readers::new(target.connector(options), per_thread, options.threads, patience);
        let lookups = Arc::new(Lookups::new(reader.get_database_backend()));
        Ok(Self {
            target,
            store: Store {
                lookups,
                writer,
                reader,
                readers,
                runtime,
                time_limit,
                counting,
                patience,
                people: PersonQueues::default(),
                changes: Changes::default(),
                few: user_pages::FEW,
            },
        })
    }

    /// The stores of the domain on this database.
    #[must_use]
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Gives the current thread connections of its own to read with, if there are enough. To be called in the tokio
    /// runtime of a thread that serves requests, by as many threads as the options say.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn read_on_this_thread(&self) {
        self.store.readers.join();
    }

    /// From now on everything is read by the shared connections: the threads that serve requests are about to end, each
    /// with its runtime.
    pub fn read_on_no_thread(&self) {
        self.store.readers.end();
    }

    /// The pools of connections, for metrics.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        let mut pools = self.shared_pools();
        pools.push(PoolState::of_threads(&self.store.readers));
        pools
    }

    fn shared_pools(&self) -> Vec<PoolState> {
        match self.store.writer.get_database_backend() {
            DbBackend::Sqlite => vec![
                PoolState::of("writer", self.store.writer.get_sqlite_connection_pool()),
                PoolState::of("readers", self.store.reader.get_sqlite_connection_pool()),
            ],
            #[cfg(feature = "postgres")]
            DbBackend::Postgres => vec![PoolState::of("shared", self.store.writer.get_postgres_connection_pool())],
            #[cfg(feature = "mysql")]
            DbBackend::MySql => vec![PoolState::of("shared", self.store.writer.get_mysql_connection_pool())],
            _ => Vec::new(),
        }
    }

    /// Most file descriptors that it holds. A connection to `SQLite` may open the database, its log and a temporary
    /// file.
    #[must_use]
    pub fn max_descriptors(&self) -> usize {
        let of_one = if self.store.writer.get_database_backend() == DbBackend::Sqlite { 3 } else { 1 };
        self.pools().iter().map(|pool| pool.max as usize * of_one).sum()
    }

    /// The name of the backend, for messages.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        self.store.writer.get_database_backend().as_str()
    }

    /// Brings the database to the schema that this program knows. Any number
    /// of processes may do so at once: one works, the others wait. A database that has its schema is only
    /// looked at, for which a user who owns nothing has the rights.
    ///
    /// # Errors
    /// [`DatabaseError::SchemaTooNew`] when a newer program has migrated it; [`DatabaseError::MayNotMigrate`] when
    /// something is missing and the user of the URL owns nothing.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        if self.schema().await?.is_current() {
            return Ok(());
        }
        migrate::migrate(&self.target, migrate::Step::Up).await
    }

    /// Takes back the last `steps` migrations, or all of them. What the tables held is gone.
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<(), DatabaseError> {
        migrate::migrate(&self.target, migrate::Step::Down(steps)).await
    }

    /// Takes back all migrations and brings the database to its schema again, empty.
    pub async fn migrate_fresh(&self) -> Result<(), DatabaseError> {
        migrate::migrate(&self.target, migrate::Step::Fresh).await
    }

    /// Which migrations the database has. Changes nothing.
    pub async fn schema(&self) -> Result<Schema, DatabaseError> {
        Ok(migrate::read(&self.store.reader).await?)
    }

    /// Waits for what is in flight and closes all connections.
    pub async fn close(self) -> Result<(), StoreError> {
        // Readers first: the last connection of SQLite to go tidies up, which wants to write.
        self.store.readers.close().await;
        let readers = self.store.reader.close_by_ref().await;
        let writer = self.store.writer.close_by_ref().await;
        readers.and(writer).map_err(|error| store_error(&error))
    }
}
