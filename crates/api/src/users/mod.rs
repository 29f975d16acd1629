//! Staff and customers.

pub(crate) mod create;
pub(crate) mod data;
pub(crate) mod end_sessions;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod find;
pub(crate) mod handover;
mod handover_order;
pub(crate) mod import;
mod import_order;
pub(crate) mod list;
mod new_user;
mod patch;
pub(crate) mod permissions;
mod personal_data;
mod query;
pub(crate) mod response;
pub(crate) mod update;

pub use response::write_json;
