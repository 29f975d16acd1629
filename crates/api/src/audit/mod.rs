//! Who did what to whom.

pub(crate) mod list;
mod query;
mod response;

pub(crate) use response::EventResponse;
