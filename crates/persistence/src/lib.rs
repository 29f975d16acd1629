//! The stores of the domain on SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! [`Database`] opens a database and brings it to its schema; [`Store`] is all
//! store ports on it. Entities and SQL stay inside.
//!
//! `stores` has a file for each port; a method there is a transaction. It is made of statements on `tables`, of `steps`
//! that several transactions share, and of `sql` that differs between the backends.
//!
//! It must not know HTTP, tokens or who may do what: a [`domain::Scope`]
//! arrives decided and becomes a condition.

mod backup;
mod callers;
mod cells;
mod changes;
mod connect;
mod connection;
mod database;
mod entity;
mod error;
mod file_reader;
mod grants;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql;
mod options;
mod person_queues;
#[cfg(feature = "postgres")]
mod pipeline;
mod pools;
mod readers;
mod runtime;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server_url;
mod sql;
mod sqlite;
mod sqlite_file;
mod steps;
mod store;
mod stores;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod transaction;
mod triggers;

pub use database::{Database, PoolState};
pub use error::DatabaseError;
pub use migrate::Schema;
pub use options::{Options, Server};
pub use store::Store;
