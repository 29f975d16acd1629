//! Parts of a transaction that several ports share.

pub(crate) mod accounts;
pub(crate) mod erasure;
