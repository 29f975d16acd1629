//! The end of the service, within a time.

use std::time::Duration;

use actix_web::dev::Server;

/// How long the end may take, with what is in flight and the work in the background. A little less than the time after
/// which a supervisor kills the process (`stop_grace_period` of the compose file), so that traces can still be sent.
const STOP_TIMEOUT: Duration = Duration::from_secs(33);

/// Lets a server finish what is in flight.
pub(super) async fn finish(server: Server) -> std::io::Result<()> {
    tracing::info!("asked to stop; finishing what is in flight");
    // The command is on its way before this future is polled; the server itself tells when it is done.
    drop(server.handle().stop(true));
    server.await
}

/// Waits for the end, unless `asked_again` or for too long.
pub(super) async fn in_time<T>(end: impl Future<Output = T>, asked_again: impl Future<Output = ()>) -> Option<T> {
    tokio::select! {
        done = end => return Some(done),
        () = asked_again => tracing::warn!("asked again; waiting for nobody"),
        () = tokio::time::sleep(STOP_TIMEOUT) => tracing::warn!("some work did not end in time, and is left alone"),
    }
    None
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_end_takes_its_time_but_not_for_ever_and_not_when_asked_again() {
        let began = tokio::time::Instant::now();
        assert_eq!(in_time(tokio::time::sleep(Duration::from_secs(31)), pending()).await, Some(()));
        assert_eq!(began.elapsed(), Duration::from_secs(31));
        assert_eq!(in_time(pending::<()>(), ready(())).await, None);
        assert_eq!(began.elapsed(), Duration::from_secs(31));
        assert_eq!(in_time(pending::<()>(), pending()).await, None);
        assert_eq!(began.elapsed(), Duration::from_secs(64));
    }
}
