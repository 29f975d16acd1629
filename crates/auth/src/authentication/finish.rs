//! Work that goes on when whoever asked for it hangs up: the server drops the
//! handler then, and with it what was only begun.

use std::time::Duration;

use tracing::Instrument as _;

use crate::error::AuthError;

/// Does the work on a task of its own and waits for it.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, AuthError>> + Send + 'static,
) -> Result<T, AuthError> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        // The program is being stopped.
        Err(_) => Err(AuthError::Overloaded { retry_after: Duration::from_secs(1) }),
    }
}

/// Does the work without anybody waiting for it.
pub(super) fn go_on(work: impl Future<Output = Result<(), AuthError>> + Send + 'static) {
    let work = async move {
        if let Err(error) = work.await {
            tracing::warn!(error = %domain::ErrorChain(&error), "what was begun could not be finished");
        }
    };
    drop(tokio::spawn(work.in_current_span()));
}
