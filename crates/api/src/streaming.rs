//! Answers that are sent while they are made.

use std::io;

use actix_web::web::Bytes;
use domain::Error;
use futures_util::{Stream, stream};

use crate::problem::{Problem, Result};

/// Makes an answer, one part after the other.
pub(crate) trait Parts: 'static {
    /// The next part; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error>;

    /// Logs what broke the answer off: there is no other answer for it.
    fn log_break(&self, error: Error) {
        // It is logged like every failure.
        let _ = Problem::from(error);
    }
}

/// Begins to make an answer. An error at the beginning gets an answer of its own. A later one closes the connection, so
/// that what was sent does not pass for a whole answer.
pub(crate) async fn begin(mut parts: impl Parts) -> Result<impl Stream<Item = io::Result<Bytes>>> {
    let first = parts.next().await?;
    Ok(stream::try_unfold((first, parts), async |(part, mut parts)| {
        let Some(part) = part else { return Ok(None) };
        match parts.next().await {
            Ok(next) => Ok(Some((Bytes::from(part), (next, parts)))),
            Err(error) => {
                parts.log_break(error);
                Err(io::Error::other("the answer broke off"))
            }
        }
    }))
}
