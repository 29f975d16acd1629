//! Stops the service within a time limit.

use std::time::Duration;

use actix_web::dev::Server;

/// How long requests in flight and background tasks may take to end. It is a little less than the time after which a
/// supervisor kills the process (`stop_grace_period` of the compose file), so traces can still be sent.
const STOP_TIMEOUT: Duration = Duration::from_secs(33);

/// Lets the server finish the requests in flight.
pub(super) async fn finish(server: Server) -> std::io::Result<()> {
    tracing::info!("asked to stop; finishing the requests in flight");
    // The command is sent before the future is polled. The server itself ends when it is done.
    drop(server.handle().stop(true));
    server.await
}

/// Waits for `end`, until `asked_again` or the time is over.
pub(super) async fn in_time<T>(end: impl Future<Output = T>, asked_again: impl Future<Output = ()>) -> Option<T> {
    tokio::select! {
        done = end => return Some(done),
        () = asked_again => tracing::warn!("asked to stop again; stopping at once"),
        () = tokio::time::sleep(STOP_TIMEOUT) => tracing::warn!("some work did not end in time; stopping without it"),
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
