//! Receives a file from a client, within limits of size, time and number.
//!
//! It is stored before it is read, so that no transaction waits for a client's connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use domain::store::StoreError;
use formats::{Spool, SpoolWriter};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::problem::{Code, Problem};

/// Most bytes of a file.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a file that must arrive within the timeout of a body. The next as many get the same time again.
const MIN_PROGRESS: usize = 512 * 1024;
/// How many files may arrive at once.
const UPLOADS: usize = 4;
/// How many may be imported at once. One: on SQLite only one can write, and elsewhere the database does the work.
const TURNS: usize = 1;
/// How long a file waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to come back while others import, in seconds.
const RETRY_SECONDS: u64 = 10;

/// How many imports an instance does at once.
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
    fn upload(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.uploads).try_acquire_owned().map_err(|_| busy())
    }

    /// Waits for the turn, which lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(busy()),
        }
    }
}

fn busy() -> Problem {
    Problem::busy("others import at the moment, try again", RETRY_SECONDS)
}

/// The problem when the file cannot be stored or read, most often because the disk is full.
pub(crate) fn unavailable(error: io::Error) -> Problem {
    StoreError::Unavailable(Box::new(error)).into()
}

/// Receives the whole file.
pub(crate) async fn receive(
    imports: &Imports,
    timeout: Duration,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Box<dyn Spool>, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(too_large());
    }
    let _upload = imports.upload()?;
    let mut arriving = Arriving::new(payload, timeout);
    let (mut spool, mut bytes) = (SpoolWriter::new(MAX_BYTES), 0);
    while let Some(chunk) = arriving.next().await? {
        bytes += chunk.len();
        if bytes > MAX_BYTES {
            return Err(too_large());
        }
        spool.add(&chunk).await.map_err(unavailable)?;
    }
    spool.finish().await.map_err(unavailable)
}

fn too_large() -> Problem {
    Problem::new(Code::PayloadTooLarge, "a file may have at most 67108864 bytes")
}

/// A body that has to make progress.
struct Arriving {
    payload: Payload,
    timeout: Duration,
    until: Instant,
    progress: usize,
}

impl Arriving {
    fn new(payload: Payload, timeout: Duration) -> Self {
        Self { payload, timeout, until: Instant::now() + timeout, progress: 0 }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            match timeout_at(self.until, self.payload.next()).await {
                Ok(Some(Ok(chunk))) => {
                    self.progress += chunk.len();
                    return Ok(Some(chunk));
                }
                Ok(Some(Err(_))) => return Err(Problem::new(Code::BadRequest, "the body broke off")),
                Ok(None) => return Ok(None),
                Err(_) if self.progress < MIN_PROGRESS => {
                    return Err(Problem::new(Code::RequestTimeout, "the body took too long to arrive"));
                }
                Err(_) => (self.until, self.progress) = (Instant::now() + self.timeout, 0),
            }
        }
    }
}
