//! What handlers take out of a request.

mod body;
mod caller;
pub(crate) mod fields;
mod form_body;
pub(crate) mod idempotency_key;
mod if_match;
mod json_body;
pub(crate) mod media_type;
pub(crate) mod page;
mod path_id;
pub(crate) mod query;
pub(crate) mod session_cookie;
mod staff;
mod upload;

pub(crate) use caller::{Anonymous, Authenticated};
pub(crate) use fields::Fields;
pub(crate) use form_body::FormBody;
pub(crate) use if_match::expected;
pub(crate) use json_body::{JsonBody, bodies};
pub(crate) use page::{list, page};
pub(crate) use path_id::PathId;
pub(crate) use query::{no_query, query_params};
pub(crate) use session_cookie::TokenPlace;
pub(crate) use staff::StaffFields;
pub(crate) use upload::Upload;
