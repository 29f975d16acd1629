//! Runs work that goes on when the client hangs up. The server then drops the handler, and with it all work that the
//! handler awaits.

use std::time::Duration;

use tracing::Instrument as _;

use crate::error::AuthError;

/// Does the work in a separate task and waits for it.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, AuthError>> + Send + 'static,
) -> Result<T, AuthError> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        // The program is stopping.
        Err(_) => Err(AuthError::Overloaded { retry_after: Duration::from_secs(1) }),
    }
}

/// Does the work in a separate task and does not wait for it.
pub(crate) fn spawn(work: impl Future<Output = Result<(), AuthError>> + Send + 'static) {
    let work = async move {
        if let Err(error) = work.await {
            tracing::warn!(error = %domain::ErrorChain(&error), "the background work of a finished request failed");
        }
    };
    drop(tokio::spawn(work.in_current_span()));
}
