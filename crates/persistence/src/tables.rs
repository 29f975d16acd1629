//! Each table: its rows, the statements on it, and its locks. Tables that are written together, such as a person and
//! their profile, share a file.

pub(crate) mod api_keys;
pub(crate) mod attempts;
pub(crate) mod audit_events;
pub(crate) mod authority;
pub(crate) mod challenges;
pub(crate) mod idempotency_keys;
pub(crate) mod locks;
pub(crate) mod messages;
pub(crate) mod notices;
pub(crate) mod people;
pub(crate) mod profiles;
pub(crate) mod sessions;
pub(crate) mod signups;
pub(crate) mod users;
