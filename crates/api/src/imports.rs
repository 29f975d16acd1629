//! How many files are imported at once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::problem::{Problem, Result};

/// How many files may arrive at once.
const UPLOADS: usize = 4;
/// How many may be imported at once. One: on SQLite only one can write, and elsewhere the database does the work.
const TURNS: usize = 1;
/// How long a file waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to come back while others import, in seconds.
const RETRY_SECONDS: u64 = 10;

/// How many imports an instance does at once. Clones share the count.
#[derive(Clone)]
pub struct Imports {
    uploads: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Imports {
    fn default() -> Self {
        Self { uploads: Arc::new(Semaphore::new(UPLOADS)), turns: Arc::new(Semaphore::new(TURNS)) }
    }
}

impl Imports {
    /// Lets a file arrive, until this is dropped.
    pub(crate) fn upload(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.uploads).try_acquire_owned().map_err(|_| busy())
    }

    /// Waits for the turn and runs the import. It goes on when the client hangs up, so that what was written is
    /// recorded.
    pub(crate) async fn in_turn<T: 'static>(&self, import: impl Future<Output = T> + 'static) -> Result<T> {
        let Ok(Ok(turn)) = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await else {
            return Err(busy());
        };
        let run = async move {
            let done = import.await;
            drop(turn);
            done
        };
        let done = actix_web::rt::spawn(run.in_current_span()).await;
        done.map_err(|_| Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn busy() -> Problem {
    Problem::busy("other imports are running, try again later", RETRY_SECONDS)
}
