//! A connection that can be ended from outside.
//!
//! Only the operating system knows whether a client reads its answer, since it buffers up to some MiB. So we ask it to end
//! a connection whose client reads nothing for a while (`TCP_USER_TIMEOUT`, see tcp(7)). The time runs while data is not
//! acknowledged or the window stays closed, also after we have closed our end. Other systems than Linux have no such
//! option. There we look at our own writes, which is less exact.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use domain::ErrorChain;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Connection;
use super::shares::ConnectionPermit;

/// How long a client may do nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// Between two requests.
    pub(super) request: Duration,
    /// From the first byte of a head to its end.
    pub(super) head: Duration,
    /// While it has an answer to read.
    pub(super) answer: Duration,
}

/// Whether the system ends connections whose client reads nothing.
const SYSTEM_CUTS_OFF: bool = cfg!(target_os = "linux");

/// Asks the system to end the connection when the client reads nothing for this long.
pub(crate) fn cut_off_after(stream: &TcpStream, timeout: Duration) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
            tracing::debug!(error = %ErrorChain(&error), "the system cannot cut off a client that does not read");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, timeout);
}

/// Sends each piece of an answer as it is written. Otherwise the system holds back a second piece until the client has
/// acknowledged the first, which it may put off for 40 ms (RFC 9293 section 3.7.4).
pub(crate) fn send_at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %ErrorChain(&error), "the system cannot send answers at once");
    }
}

/// What is still allowed on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Verdict {
    Open,
    /// Nothing more is read from the client. The bytes that are written already are still sent.
    NothingToRead,
    CutOff,
}

/// What is known of a connection.
pub(super) struct Watched {
    connection: Connection,
    progress: Mutex<Progress>,
    verdict: AtomicU8,
    task: AtomicWaker,
}

/// How far the next request was read and the answers were written.
#[derive(Clone, Copy)]
struct Progress {
    /// When the first byte arrived after the last answer.
    head_since: Option<Instant>,
    /// When the system last accepted bytes of an answer.
    last_write: Instant,
    /// Whether it accepts none at the moment.
    is_blocked: bool,
}

impl Watched {
    fn new() -> Self {
        Self {
            connection: Connection::default(),
            progress: Mutex::new(Progress { head_since: None, last_write: Instant::now(), is_blocked: false }),
            verdict: AtomicU8::new(Verdict::Open as u8),
            task: AtomicWaker::new(),
        }
    }

    /// Ends the connection if a timeout is over. Returns whether it is still to be watched.
    pub(super) fn judge(&self, timeouts: Timeouts) -> bool {
        let verdict = self.verdict(timeouts);
        let earlier = self.verdict.fetch_max(verdict as u8, Ordering::AcqRel);
        if earlier < verdict as u8 {
            self.task.wake();
        }
        verdict != Verdict::CutOff
    }

    fn verdict(&self, timeouts: Timeouts) -> Verdict {
        let Progress { last_write, is_blocked, .. } = *self.progress();
        if is_blocked {
            let is_over = !SYSTEM_CUTS_OFF && last_write.elapsed() > timeouts.answer;
            return if is_over { Verdict::CutOff } else { Verdict::Open };
        }
        let idle = self.connection.idle_for().unwrap_or_default().min(last_write.elapsed());
        let head = self.head_for().unwrap_or_default();
        if idle > timeouts.request + timeouts.answer || head > timeouts.head + timeouts.answer {
            Verdict::CutOff
        } else if idle > timeouts.request || head > timeouts.head {
            Verdict::NothingToRead
        } else {
            Verdict::Open
        }
    }

    /// How long the head of the next request has been arriving.
    fn head_for(&self) -> Option<Duration> {
        let idle = self.connection.idle_for()?;
        let since = self.progress().head_since?;
        // A head from before the last answer is no longer arriving.
        Some(since.elapsed()).filter(|head| *head < idle)
    }

    fn note_arrival(&self) {
        if self.connection.idle_for().is_some() && self.head_for().is_none() {
            self.progress().head_since = Some(Instant::now());
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the task that serves the connection, which is woken when this changes.
    fn is_at_least(&self, verdict: Verdict, cx: &Context<'_>) -> bool {
        self.task.register(cx.waker());
        self.verdict.load(Ordering::Acquire) >= verdict as u8
    }
}

/// A connection of a client.
pub(crate) struct WatchedStream {
    stream: TcpStream,
    watched: Arc<Watched>,
    _permit: ConnectionPermit,
}

impl WatchedStream {
    pub(super) fn new(stream: TcpStream, permit: ConnectionPermit) -> Self {
        Self { stream, watched: Arc::new(Watched::new()), _permit: permit }
    }

    pub(super) fn watched(&self) -> Weak<Watched> {
        Arc::downgrade(&self.watched)
    }

    /// Gives requests the handle by which they report their beginning and end.
    pub(crate) fn add_to(&self, data: &mut Extensions) {
        data.insert(self.watched.connection.clone());
    }

    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        let is_cut_off = self.watched.is_at_least(Verdict::CutOff, cx);
        if is_cut_off { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        let mut progress = self.watched.progress();
        progress.is_blocked = written.is_pending();
        if written.is_ready() {
            progress.last_write = Instant::now();
        }
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        if self.watched.is_at_least(Verdict::NothingToRead, cx) {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.watched.note_arrival();
        }
        read
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use crate::connections::Connections;
    use crate::settings::Http;

    #[tokio::test]
    async fn answers_are_sent_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (client, accepted) =
            tokio::join!(tokio::net::TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let (_client, (accepted, _)) = (client.unwrap(), accepted.unwrap());
        assert!(!accepted.nodelay().unwrap(), "it is not the system's default");
        let admitted = Connections::new(&Http::default(), 1, 0).admit(accepted).unwrap();
        assert!(admitted.stream.nodelay().unwrap());
    }
}
