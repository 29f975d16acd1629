//! How many connections are allowed in all, and from one network, so that one network leaves some for others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::Http;

/// Default of `http.max_connections`. Each may hold some hundred KiB.
const MOST: usize = 4096;
/// Allowed even if there are too few descriptors.
const FEWEST: usize = 16;
/// Connections that are accepted only to be refused and closed.
const BEING_REFUSED: usize = 64;
/// Descriptors for everything except clients: standard streams, listeners, files to import, readers of metrics,
/// connections to gateways.
const KEPT: usize = 96;
/// Descriptors of a thread that serves requests.
const KEPT_PER_WORKER: usize = 8;

/// More descriptors than the service ever needs.
const ENOUGH_DESCRIPTORS: u64 = 65_536;

/// How many connections are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// In all.
    pub(crate) all: usize,
    /// From one network.
    pub(crate) per_address: usize,
}

impl Limits {
    /// The limits of the settings, but never more than there are descriptors. Logs them.
    pub(crate) fn of(http: &Http, workers: usize, of_database: usize) -> Self {
        let descriptors = raise_descriptors();
        let room = room(descriptors, workers, of_database);
        let limits = Self::within(room, http.max_connections, http.max_connections_per_address);
        let Self { all, per_address } = limits;
        tracing::info!(
            "at most {all} connections at once, {per_address} from one address; the process may open {descriptors} files"
        );
        if let Some(wanted) = http.max_connections.filter(|wanted| *wanted > all) {
            tracing::warn!("http.max_connections is {wanted}, but there are file descriptors for {all} connections");
        }
        limits
    }

    fn within(room: usize, all: Option<usize>, per_address: Option<usize>) -> Self {
        let all = all.unwrap_or(MOST).min(room);
        let per_address = per_address.unwrap_or_else(|| all.div_ceil(2)).min(all);
        Self { all, per_address }
    }
}

/// Raises the soft limit of descriptors, often 1024, to the hard one. Returns the limit.
fn raise_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH_DESCRIPTORS).min(ENOUGH_DESCRIPTORS);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_err() {
        return usize::try_from(current).unwrap_or(usize::MAX);
    }
    usize::try_from(wanted).unwrap_or(usize::MAX)
}

/// How many connections there are descriptors for.
fn room(descriptors: usize, workers: usize, of_database: usize) -> usize {
    let kept = KEPT + BEING_REFUSED + KEPT_PER_WORKER * workers + of_database;
    descriptors.saturating_sub(kept).max(FEWEST)
}

/// The limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// Of all connections.
    #[error("there are too many connections (http.max_connections)")]
    All,
    /// Of the connections from one network.
    #[error("its network has too many (http.max_connections_per_address)")]
    Address,
}

impl Full {
    /// The label of metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Address => "address",
        }
    }
}

/// How many connections each network has.
pub(super) struct Shares {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// Only networks with at least one.
    networks: HashMap<IpAddr, usize>,
}

impl Shares {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, taken: Mutex::default() }
    }

    /// Permits a connection from this network; `None` if its network does not count.
    pub(super) fn take(self: &Arc<Self>, network: Option<IpAddr>) -> Result<ConnectionPermit, Full> {
        let mut taken = self.taken();
        if taken.all >= self.limits.all {
            return Err(Full::All);
        }
        if let Some(network) = network {
            let of_network = taken.networks.entry(network).or_default();
            if *of_network >= self.limits.per_address {
                return Err(Full::Address);
            }
            *of_network += 1;
        }
        taken.all += 1;
        Ok(ConnectionPermit { shares: self.clone(), network })
    }

    pub(super) fn accepted_per_worker(&self, workers: usize) -> usize {
        (self.limits.all + BEING_REFUSED).div_ceil(workers.max(1))
    }

    pub(super) fn count(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permission for one connection. Dropping it frees it.
pub(super) struct ConnectionPermit {
    shares: Arc<Shares>,
    network: Option<IpAddr>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.all -= 1;
        let Some(network) = self.network else { return };
        if let Entry::Occupied(mut of_network) = taken.networks.entry(network) {
            *of_network.get_mut() -= 1;
            if *of_network.get() == 0 {
                of_network.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(shares: &Arc<Shares>, last: u8) -> Result<ConnectionPermit, Full> {
        shares.take(Some([192, 0, 2, last].into()))
    }

    #[test]
    fn one_network_leaves_places_for_the_others() {
        let shares = Arc::new(Shares::new(Limits { all: 4, per_address: 2 }));
        let mut places: Vec<_> = (0..2).map(|_| take(&shares, 1).unwrap()).collect();
        assert_eq!(take(&shares, 1).err(), Some(Full::Address));
        places.push(take(&shares, 2).unwrap());
        places.push(shares.take(None).unwrap());
        assert_eq!(take(&shares, 3).err(), Some(Full::All));
        assert_eq!(shares.take(None).err(), Some(Full::All));
        places.remove(0);
        places.push(take(&shares, 1).unwrap());
        drop(places);
        assert_eq!(shares.count(), 0);
        assert!(shares.taken().networks.is_empty(), "who has left is forgotten");
    }

    #[test]
    fn a_proxy_takes_as_many_as_there_are() {
        let shares = Arc::new(Shares::new(Limits { all: 3, per_address: 1 }));
        let places: Vec<_> = (0..3).map(|_| shares.take(None).unwrap()).collect();
        assert_eq!(places.len(), 3);
    }

    #[test]
    fn limits_stay_below_the_descriptors() {
        for (room, all, per_address, expected) in [
            (846, None, None, (846, 423)),
            (100_000, None, None, (4096, 2048)),
            (100_000, Some(20_000), None, (20_000, 10_000)),
            (846, Some(20_000), Some(5000), (846, 846)),
            (846, Some(100), Some(7), (100, 7)),
            (846, Some(1), None, (1, 1)),
        ] {
            let limits = Limits::within(room, all, per_address);
            assert_eq!((limits.all, limits.per_address), expected);
        }
        assert_eq!(room(1024, 2, 18), 830);
        assert_eq!(room(64, 2, 18), FEWEST);
        assert!(Shares::new(Limits { all: 846, per_address: 1 }).accepted_per_worker(3) * 3 > 846);
    }
}
