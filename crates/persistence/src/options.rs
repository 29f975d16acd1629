//! How a database is used, and what its URL says.

use std::time::Duration;

/// Prepared statements that each connection keeps.
pub(crate) const STATEMENT_CACHE: usize = 256;

/// How a database is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most connections at once to `PostgreSQL` or `MySQL`. `SQLite` always has one that
    /// writes and four that read.
    pub max_connections: u32,
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
            statement_cache: STATEMENT_CACHE,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_timeout: Duration::from_secs(10),
        }
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
