//! The connections of all clients: how many are allowed, and when a slow one is ended.
//!
//! The HTTP server has no time limit for the head of a second request, for a body that nobody reads any more, or for a
//! client that does not read its answer. This module ends the first two. [`stream`] ends the third.

mod connection;
mod shares;
mod stream;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use domain::limit::network;
use metrics::counter;

use crate::settings::{Http, Network};
pub(crate) use connection::keep_busy;
use shares::{Full, Limits, Shares};
use stream::{Timeouts, Watched};
pub(crate) use stream::{WatchedStream, cut_off_after, send_at_once};

/// How often all connections are checked.
const INTERVAL: Duration = Duration::from_secs(1);
/// Refused connections are logged at most this often.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The connections of all clients. A clone shares them.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Inner>);

struct Inner {
    all: Mutex<Vec<Weak<Watched>>>,
    shares: Arc<Shares>,
    /// A proxy has many clients, so the limit of one network does not apply to it.
    proxies: Vec<Network>,
    timeouts: Timeouts,
    last_refusal_logged: Mutex<Option<Instant>>,
}

impl Connections {
    /// The limits follow from the settings, and from how many file descriptors the rest of the process needs.
    pub(crate) fn new(http: &Http, workers: usize, of_database: usize) -> Self {
        let limits = Limits::of(http, workers, of_database);
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let timeouts = Timeouts {
            request: seconds(http.keep_alive) + seconds(http.head_timeout),
            // The HTTP server itself answers 408 if a first head is late, so this time is longer.
            head: seconds(http.head_timeout) + INTERVAL,
            answer: seconds(http.write_timeout),
        };
        Self(Arc::new(Inner {
            all: Mutex::default(),
            shares: Arc::new(Shares::new(limits)),
            proxies: http.trusted_proxies.clone(),
            timeouts,
            last_refusal_logged: Mutex::default(),
        }))
    }

    /// Admits a new connection. `None` closes it, since its network or all together have too many.
    pub(crate) fn admit(&self, stream: TcpStream) -> Option<WatchedStream> {
        // An error means that the client is gone already.
        let peer = stream.peer_addr().ok()?.ip().to_canonical();
        let is_proxy = self.0.proxies.iter().any(|proxy| proxy.contains(peer));
        let permit = match self.0.shares.take((!is_proxy).then(|| network(peer))) {
            Ok(permit) => permit,
            Err(full) => {
                self.0.refused(peer, full);
                return None;
            }
        };
        cut_off_after(&stream, self.0.timeouts.answer);
        send_at_once(&stream);
        let stream = WatchedStream::new(stream, permit);
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).push(stream.watched());
        Some(stream)
    }

    /// How many each thread accepts: a few more than are allowed, so that those can be refused.
    pub(crate) fn accepted_per_worker(&self, workers: usize) -> usize {
        self.0.shares.accepted_per_worker(workers)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.shares.count()
    }

    /// Ends slow connections, until it is dropped.
    pub(crate) async fn watch(self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.0.check_all();
        }
    }
}

impl Inner {
    fn refused(&self, peer: IpAddr, full: Full) {
        counter!("clientele_http_connections_refused_total", "limit" => full.as_str()).increment(1);
        let mut last = self.last_refusal_logged.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() > LOG_INTERVAL) {
            *last = Some(Instant::now());
            tracing::warn!(network = %network(peer), limit = full.as_str(), "a connection was refused: {full}");
        }
    }

    fn check_all(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|watched| watched.upgrade().is_some_and(|watched| watched.judge(self.timeouts)));
    }
}
