//! How a database is used, and what its URL says.

use std::time::Duration;

/// Prepared statements that each connection keeps.
pub(crate) const STATEMENT_CACHE: usize = 256;

/// Most connections that a thread has of its own.
pub(crate) const MAX_PER_THREAD: usize = 2;

/// How a database is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most connections at once to `PostgreSQL` or `MySQL`, those of threads included. `SQLite` always has one that
    /// writes, four that read, and three more for each thread.
    pub max_connections: u32,
    /// How many threads will call [`Database::read_on_this_thread`](crate::Database::read_on_this_thread).
    pub threads: usize,
    /// Prepared statements that each connection to `PostgreSQL` or `MySQL` keeps.
    pub statement_cache: usize,
    /// How long to wait for a connection, a new one included.
    pub acquire_timeout: Duration,
    /// How long one statement may run on `PostgreSQL` or `MySQL`.
    pub statement_timeout: Duration,
    /// How long a statement may wait for rows that another transaction holds.
    pub lock_timeout: Duration,
    /// How long a transaction may do nothing before the server ends it.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 10,
            threads: 0,
            statement_cache: STATEMENT_CACHE,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_timeout: Duration::from_secs(10),
        }
    }
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
impl Options {
    /// Threads share half of the connections, unless that is less than one for each. They need no more than a few: while
    /// one brings an answer, another is under way.
    pub(crate) fn connections_per_thread(&self) -> usize {
        let half = self.max_connections as usize / 2;
        half.checked_div(self.threads).unwrap_or_default().min(MAX_PER_THREAD)
    }

    /// What is left for writing, and for those who find none of their thread.
    pub(crate) fn shared_connections(&self) -> u32 {
        let of_threads = self.connections_per_thread() * self.threads;
        self.max_connections - u32::try_from(of_threads).unwrap_or_default()
    }
}

/// What a URL says of the connections to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Whether they leave this computer.
    pub is_remote: bool,
    /// Whether a connection without TLS is refused.
    pub requires_tls: bool,
    /// The option that asks for it, with the server's name checked.
    pub tls_option: &'static str,
    /// Whether the URL has options that are ignored.
    pub has_unknown_options: bool,
}
