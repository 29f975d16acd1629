//! Receives a file from a client. Its size, its time and the number of files at once are limited.
//!
//! It is stored before it is read, so that no transaction waits for a client's connection.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use formats::{Spool, SpoolWriter};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::extract::body::{Body, announced_length};
use crate::extract::media_type::check_csv;
use crate::imports::Imports;
use crate::problem::{Code, Problem, Result};
use crate::services::Services;

/// Most bytes of a file.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a file that must arrive within the timeout of a body. The next as many get the same time again.
const MIN_PROGRESS: usize = 512 * 1024;

/// A CSV file that is not received yet, so that a handler can refuse the caller first.
pub(crate) struct Upload {
    body: Body,
    imports: Imports,
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::of(request, payload);
        let imports = Services::of(request).map(|services| services.imports.clone());
        ready(body.and_then(|body| Ok(Self { body, imports: imports? })))
    }
}

impl Upload {
    /// Receives the whole file.
    pub(crate) async fn receive(self) -> Result<Box<dyn Spool>> {
        let Body { request, payload, timeout } = self.body;
        check_csv(&request)?;
        if announced_length(&request).is_some_and(|length| length > MAX_BYTES as u64) {
            return Err(too_large());
        }
        let _upload = self.imports.upload()?;
        let mut arriving = Arriving::new(payload, timeout);
        let (mut spool, mut bytes) = (SpoolWriter::new(MAX_BYTES), 0);
        while let Some(chunk) = arriving.next().await? {
            bytes += chunk.len();
            if bytes > MAX_BYTES {
                return Err(too_large());
            }
            spool.add(&chunk).await.map_err(Problem::unreadable_file)?;
        }
        spool.finish().await.map_err(Problem::unreadable_file)
    }
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

    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match timeout_at(self.until, self.payload.next()).await {
                Ok(Some(Ok(chunk))) => {
                    self.progress += chunk.len();
                    return Ok(Some(chunk));
                }
                Ok(Some(Err(_))) => return Err(Problem::new(Code::BadRequest, "the body ended too early")),
                Ok(None) => return Ok(None),
                Err(_) if self.progress < MIN_PROGRESS => {
                    return Err(Problem::new(Code::RequestTimeout, "the body took too long to arrive"));
                }
                Err(_) => (self.until, self.progress) = (Instant::now() + self.timeout, 0),
            }
        }
    }
}
