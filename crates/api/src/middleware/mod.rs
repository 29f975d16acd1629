//! What every request passes before its handler.

pub(crate) mod authentication;
pub(crate) mod connection;
pub(crate) mod cors;
mod metrics;
pub(crate) mod proxies;
pub(crate) mod rate_limit;
pub(crate) mod request_log;
