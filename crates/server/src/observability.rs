//! What the service tells of itself: its log, its traces and its metrics.

pub mod logging;
pub(crate) mod metrics;
pub(crate) mod monitoring;
#[cfg(feature = "otlp")]
mod traces;
