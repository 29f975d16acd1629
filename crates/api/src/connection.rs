//! What a connection is doing, for whoever ends those that do nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// A connection of a client, to be put into its data by the server. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Requests whose answers are not all sent.
    busy: u32,
    /// When the last one was, or when the connection began.
    idle_since: Instant,
}

impl Default for Connection {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { busy: 0, idle_since: Instant::now() })))
    }
}

impl Connection {
    /// For how long nothing has been asked or answered; `None` while something is.
    #[must_use]
    pub fn idle_for(&self) -> Option<Duration> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.busy == 0).then(|| state.idle_since.elapsed())
    }

    fn begin(&self) -> Busy {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).busy += 1;
        Busy(self.clone())
    }
}

/// From the head of a request to the end of its answer.
struct Busy(Connection);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy -= 1;
        state.idle_since = Instant::now();
    }
}

/// Keeps the connection busy until the answer is sent. Wraps all else.
pub(crate) async fn keep_busy<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BusyBody>, Error> {
    let busy = request.conn_data::<Connection>().map(Connection::begin);
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| BusyBody { body: body.boxed(), _busy: busy }))
}

pub(crate) struct BusyBody {
    body: BoxBody,
    _busy: Option<Busy>,
}

impl MessageBody for BusyBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_when_nothing_is_asked() {
        let connection = Connection::default();
        assert!(connection.idle_for().is_some());
        let (one, two) = (connection.begin(), connection.begin());
        drop(one);
        assert_eq!(connection.idle_for(), None);
        drop(two);
        assert!(connection.idle_for().is_some());
    }
}
