//! The tables as SeaORM sees them. Nothing here leaves the crate, and nothing
//! of it is ever printed: SeaORM wants `Debug` of rows that hold secrets.
#![expect(unreachable_pub, reason = "the macros of SeaORM want public items")]

pub(crate) mod api_key;
pub(crate) mod attempt;
pub(crate) mod audit_event;
pub(crate) mod challenge;
pub(crate) mod idempotency_key;
pub(crate) mod known_network;
pub(crate) mod lock;
pub(crate) mod notice;
pub(crate) mod outbox;
mod people;
pub(crate) mod server_key;
pub(crate) mod session;
pub(crate) mod setup_token;
pub(crate) mod signup;

pub(crate) use people::{admin_manager, customer, user};

#[cfg(test)]
mod tests;
