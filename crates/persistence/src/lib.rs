//! The stores of the domain on SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! [`Database`] opens a database and brings it to its schema; [`Store`] is all
//! store ports on it. Entities and SQL stay inside.
//!
//! It must not know HTTP, tokens or who may do what: a [`domain::Scope`]
//! arrives decided and becomes a condition.

mod account_store;
mod attempt_store;
mod audit;
mod audit_store;
mod authority;
mod challenge_store;
mod connect;
mod database;
mod entity;
mod erasure;
mod error;
mod first_answer;
mod handover;
mod home;
mod housekeeping_store;
mod import;
mod key_store;
mod keyset;
mod list;
mod moment;
mod person;
mod personal_data;
mod schema;
mod scope;
mod search;
mod session_store;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod turns;
mod update;

pub use database::{Database, Options, PoolState};
pub use error::DatabaseError;
pub use schema::Schema;
pub use store::Store;
