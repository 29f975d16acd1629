//! Parts of a transaction that several ports share.

pub(crate) mod accounts;
pub(crate) mod erasure;
pub(crate) mod sign_ups;
pub(crate) mod start_session;
