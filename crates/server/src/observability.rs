//! Log, traces and metrics.

pub mod logging;
pub(crate) mod metrics;
pub(crate) mod monitoring;
#[cfg(feature = "otlp")]
mod traces;
