//! What one table holds: its rows, statements on it, its locks. Where a table is written with another one, such as a
//! person with their profile, both are here.

pub(crate) mod attempts;
pub(crate) mod audit_events;
pub(crate) mod authority;
pub(crate) mod challenges;
pub(crate) mod idempotency_keys;
pub(crate) mod locks;
pub(crate) mod messages;
pub(crate) mod notices;
pub(crate) mod profiles;
pub(crate) mod sessions;
pub(crate) mod signups;
pub(crate) mod users;
