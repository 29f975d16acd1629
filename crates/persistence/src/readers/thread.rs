//! What belongs to one thread.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::locked;
use crate::callers::Callers;
use crate::connection::Connection;
use crate::file_reader::FileReader;
#[cfg(feature = "postgres")]
use crate::pipeline::Slots;

/// How long to wait while no connection of the thread comes back before one of the shared pool is taken.
const PATIENCE: Duration = Duration::from_millis(20);

/// Those of one thread.
pub(super) struct Thread {
    pub(super) runtime: Handle,
    /// Whoever has a place may use a connection, or open one.
    pub(super) places: Arc<Semaphore>,
    pub(super) idle: Mutex<Vec<Idle>>,
    /// Locked by others only to count it, and to close it at the end.
    pub(super) file: Mutex<Option<FileReader>>,
    #[cfg(feature = "postgres")]
    pub(super) pipelines: Option<Slots>,
    /// How many queries were answered.
    pub(super) answered: AtomicU64,
    pub(super) callers: Arc<Callers>,
}

impl Thread {
    /// How many connections are open that nobody takes for himself, and how many of them are not in use.
    pub(super) fn others(&self) -> (usize, usize) {
        let files = locked(&self.file).iter().count();
        #[cfg(feature = "postgres")]
        let (open, idle) = self.pipelines.as_ref().map_or((0, 0), Slots::count);
        #[cfg(not(feature = "postgres"))]
        let (open, idle) = (0, 0);
        (files + open, files + idle)
    }

    #[cfg(feature = "postgres")]
    pub(super) fn end_pipelines(&self) {
        self.pipelines.iter().for_each(Slots::end);
    }

    /// A place, if there is one soon. Where queries are answered all the time, all others come to it in their turn: only
    /// when long ones hold every connection is there no use in waiting.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).acquire_owned();
        let mut place = pin!(place);
        loop {
            let answered = self.answered.load(Ordering::Relaxed);
            match timeout(PATIENCE, place.as_mut()).await {
                Ok(place) => return place.ok(),
                Err(_) if answered == self.answered.load(Ordering::Relaxed) => return None,
                Err(_) => {}
            }
        }
    }
}

pub(super) struct Idle {
    pub(super) connection: Connection,
    pub(super) opened: Instant,
    pub(super) since: Instant,
}
