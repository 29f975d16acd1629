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
mod response;
pub(crate) mod update;

pub(crate) use response::{RoleName, UserListResponse, UserResponse, VerificationMethodName, etag, page, rendered};
