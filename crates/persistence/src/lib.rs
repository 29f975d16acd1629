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
mod backup;
mod challenge_store;
mod connect;
mod database;
mod entity;
mod erasure;
mod error;
mod first_answer;
mod grants;
mod handover;
mod home;
mod housekeeping_store;
mod import;
mod key_store;
mod keyset;
mod list;
mod moment;
mod notice_store;
mod person;
mod personal_data;
mod proof_store;
mod schema;
mod scope;
mod search;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server_url;
mod session_store;
mod signup_store;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod told;
mod triggers;
mod turn_store;
mod turns;
mod update;

pub use database::{Database, Options, PoolState, Server};
pub use error::DatabaseError;
pub use schema::Schema;
pub use store::Store;
