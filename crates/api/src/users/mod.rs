//! Staff and customers.

pub(crate) mod create;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod managed_customers;
pub(crate) mod me;
mod response;

pub(crate) use response::{
    RoleName, UserListResponse, UserResponse, VerificationMethodName, etag, page, rendered, time,
};
