//! Customers from a file.

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, try_unfold};
use reqwest::Body;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::client::Client;
use crate::error::Error;
use crate::problem::FieldError;
use crate::request::{Content, Query, Request};

/// How to import.
///
/// ```
/// use clientele_client::{ImportOptions, OnError, OnExisting};
///
/// let lenient = ImportOptions { on_error: OnError::Skip, on_existing: OnExisting::Update, ..ImportOptions::default() };
/// # let _ = lenient;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether only to say what would happen.
    pub dry_run: bool,
    /// What to do about lines that are not acceptable.
    pub on_error: OnError,
    /// What to do about customers who exist.
    pub on_existing: OnExisting,
}

/// What to do about lines that are not acceptable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Import nothing at all: the answer is [`Error::Problem`], whose `errors` name the lines.
    #[default]
    Abort,
    /// Import the others.
    Skip,
}

/// What to do about customers who exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExisting {
    /// Leave them as they are.
    #[default]
    Skip,
    /// Change what the line gives.
    Update,
}

/// What an import did, or would do. Each line is counted once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Imported {
    /// Customers who are new.
    pub created: u64,
    /// Customers who were changed.
    pub updated: u64,
    /// Customers who were left as they were, and lines about staff.
    pub skipped: u64,
    /// What is not acceptable, in the order of the lines: the first 100.
    pub errors: Vec<FieldError>,
    /// How many more there are.
    #[serde(default)]
    pub errors_omitted: u64,
}

impl ImportOptions {
    fn query(self) -> Query {
        let on_error = match self.on_error {
            OnError::Abort => "abort",
            OnError::Skip => "skip",
        };
        let on_existing = match self.on_existing {
            OnExisting::Skip => "skip",
            OnExisting::Update => "update",
        };
        vec![
            ("dry_run", self.dry_run.to_string()),
            ("on_error", on_error.to_owned()),
            ("on_existing", on_existing.to_owned()),
        ]
    }
}

impl Client {
    /// Imports customers from CSV that is in memory. `docs/api.md` describes the file.
    ///
    /// # Errors
    /// [`Error::Problem`] with `validation_failed` when the import was aborted or the file is not one.
    pub async fn import(&self, csv: impl Into<Bytes>, options: ImportOptions) -> Result<Imported, Error> {
        self.import_content(Content::Whole(csv.into()), options).await
    }

    /// Imports customers from CSV that is read while it is sent, so it is sent once: see that the service is up.
    ///
    /// # Errors
    /// As [`Client::import`], and [`Error::Lost`] when the file could not be read to its end: nothing is imported then.
    pub async fn import_from(
        &self,
        csv: impl AsyncRead + Send + Unpin + 'static,
        options: ImportOptions,
    ) -> Result<Imported, Error> {
        self.import_content(Content::Streamed(Some(Body::wrap_stream(chunks(csv)))), options).await
    }

    async fn import_content(&self, content: Content, options: ImportOptions) -> Result<Imported, Error> {
        self.read(Request::post("users/import").query(options.query()).content("text/csv", content)).await
    }
}

fn chunks(reader: impl AsyncRead + Send + Unpin + 'static) -> impl Stream<Item = std::io::Result<Bytes>> {
    try_unfold(reader, |mut reader| async {
        let mut chunk = BytesMut::with_capacity(64 << 10);
        let count = reader.read_buf(&mut chunk).await?;
        Ok((count > 0).then(|| (chunk.freeze(), reader)))
    })
}
