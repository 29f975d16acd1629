//! SQL that differs between the backends, and the queries for long lists.

mod array;
pub(crate) mod bulk;
pub(crate) mod event_pages;
mod json_rows;
pub(crate) mod keyset;
pub(crate) mod row_locks;
pub(crate) mod scope;
pub(crate) mod search;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod user_pages;
