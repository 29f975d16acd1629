//! Whether a connection is busy. The server closes those that are idle.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// Most bytes of an answer that the server gets at once. It copies them and keeps the copy until the client has read it.
/// Given in one piece, a large answer would be in memory once for each connection.
const PIECE: usize = 16 * 1024;

/// A client's connection. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Connection(Arc<Mutex<State>>);

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
    /// For how long there has been no request; `None` while one is answered.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.busy == 0).then(|| state.idle_since.elapsed())
    }

    fn begin(&self) -> Busy {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).busy += 1;
        Busy(self.clone())
    }
}

/// Counts a request from its head to the end of its answer.
struct Busy(Connection);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy -= 1;
        state.idle_since = Instant::now();
    }
}

/// Keeps the connection busy until the answer is sent. It wraps the whole API.
pub(crate) async fn keep_busy<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BusyBody>, Error> {
    let connection = request.conn_data::<Connection>().ok_or_else(|| ErrorInternalServerError("not watched"))?;
    let busy = connection.begin();
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| BusyBody { body: body.boxed(), rest: Bytes::new(), _busy: busy }))
}

pub(crate) struct BusyBody {
    body: BoxBody,
    /// What the body has given and the server has not taken yet.
    rest: Bytes,
    _busy: Busy,
}

impl MessageBody for BusyBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        // The server takes an empty piece for the end of the answer.
        while self.rest.is_empty() {
            match ready!(self.body.as_pin_mut().poll_next(cx)) {
                Some(Ok(bytes)) => self.rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let most = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(self.rest.split_to(most))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use futures_util::future::poll_fn;

    use super::*;

    fn busy_body(bytes: &Bytes) -> BusyBody {
        BusyBody { body: bytes.clone().boxed(), rest: Bytes::new(), _busy: Connection::default().begin() }
    }

    #[actix_web::test]
    async fn an_answer_goes_out_in_small_pieces_of_one_buffer() {
        let whole = Bytes::from(vec![7; 3 * PIECE + 1]);
        let mut body = busy_body(&whole);
        assert_eq!(body.size(), BodySize::Sized(whole.len() as u64));
        let (mut sent, mut pieces) = (0, 0);
        while let Some(piece) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
            let piece = piece.unwrap();
            assert!(piece.len() <= PIECE);
            assert_eq!(piece.as_ptr(), whole[sent..].as_ptr(), "no copy");
            (sent, pieces) = (sent + piece.len(), pieces + 1);
        }
        assert_eq!((sent, pieces), (whole.len(), 4));
        assert_eq!(to_bytes(busy_body(&whole)).await.unwrap(), whole);
        assert!(to_bytes(busy_body(&Bytes::new())).await.unwrap().is_empty());
    }

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
