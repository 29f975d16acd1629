//! What handlers take out of a request.

pub(crate) mod caller;
pub(crate) mod fields;
pub(crate) mod idempotency_key;
pub(crate) mod if_match;
pub(crate) mod json_body;
pub(crate) mod media_type;
pub(crate) mod page;
pub(crate) mod path_id;
pub(crate) mod query;
pub(crate) mod staff;
pub(crate) mod upload;
