//! The connections of all clients: how many there may be, and one watch for progress in both directions.
//!
//! A client may take its time where the server has no timer of its own: with the head of a second request, with a body
//! that nobody reads any more, or with an answer. The first two are ended here; see [`stream`] for the third.

mod descriptors;
mod shares;
mod stream;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use domain::limit::network;
use metrics::counter;

use crate::settings::{Http, Network};
pub(crate) use shares::Limits;
use shares::{Full, Shares};
use stream::{Timeouts, Watched};
pub(crate) use stream::{WatchedStream, cut_off_after};

/// How often all connections are looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often the log says that connections are refused.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The connections of all clients. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Inner>);

struct Inner {
    all: Mutex<Vec<Weak<Watched>>>,
    shares: Arc<Shares>,
    /// Many clients come through one of these: they have no limit of their own.
    proxies: Vec<Network>,
    timeouts: Timeouts,
    last_refusal_logged: Mutex<Option<Instant>>,
}

impl Connections {
    /// None yet, with these limits.
    pub(crate) fn new(http: &Http, limits: Limits) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let timeouts = Timeouts {
            request: seconds(http.keep_alive) + seconds(http.head_timeout),
            // The server itself answers 408 to a first head that is late.
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

    /// Takes a new connection into the watch; `None` when its network, or everybody together, has too many. It is
    /// closed then.
    pub(crate) fn admit(&self, stream: TcpStream) -> Option<WatchedStream> {
        // An error means that the client has gone already.
        let peer = stream.peer_addr().ok()?.ip().to_canonical();
        let permit = match self.0.shares.take(self.0.network_of(peer)) {
            Ok(permit) => permit,
            Err(full) => {
                self.0.refused(peer, full);
                return None;
            }
        };
        cut_off_after(&stream, self.0.timeouts.answer);
        let stream = WatchedStream::new(stream, permit);
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).push(stream.watched());
        Some(stream)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.shares.count()
    }

    /// Goes on until it is dropped.
    pub(crate) async fn watch(self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.0.look_at_all();
        }
    }
}

impl Inner {
    /// What a connection counts for; `None` for a proxy.
    fn network_of(&self, peer: IpAddr) -> Option<IpAddr> {
        let is_proxy = self.proxies.iter().any(|proxy| proxy.contains(peer));
        (!is_proxy).then(|| network(peer))
    }

    fn refused(&self, peer: IpAddr, full: Full) {
        counter!("clientele_http_connections_refused_total", "limit" => full.as_str()).increment(1);
        let mut last = self.last_refusal_logged.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() > LOG_INTERVAL) {
            *last = Some(Instant::now());
            tracing::warn!(network = %network(peer), limit = full.as_str(), "a connection was refused: {full}");
        }
    }

    fn look_at_all(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|watched| watched.upgrade().is_some_and(|watched| watched.judge(self.timeouts)));
    }
}
