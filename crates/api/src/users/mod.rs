//! Staff and customers.

pub(crate) mod create;
pub(crate) mod data;
pub(crate) mod end_sessions;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod find;
pub(crate) mod handover;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod managed_customers;
pub(crate) mod me;
mod query;
pub(crate) mod response;
pub(crate) mod update;
