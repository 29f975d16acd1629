//! Removes expired rows, about every minute.

use std::time::Duration;

use domain::{ErrorChain, Housekeeping};

/// How often this instance asks whether it is its turn.
const INTERVAL: Duration = Duration::from_mins(1);
/// The first time is soon: the service may have been down for long.
const FIRST: Duration = Duration::from_secs(5);

/// Runs until it is dropped.
pub(super) async fn run(housekeeping: Housekeeping) {
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = INTERVAL;
        match housekeeping.run().await {
            Ok(0) => {}
            Ok(removed) => {
                metrics::counter!("clientele_expired_rows_removed_total").increment(removed);
                tracing::debug!(removed, "removed expired rows");
            }
            Err(error) => tracing::warn!(error = %ErrorChain(&error), "expired rows were not removed"),
        }
    }
}
