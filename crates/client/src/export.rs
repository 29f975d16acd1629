//! People as a file.

use std::fmt;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::ACCEPT;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::client::Client;
use crate::error::Error;
use crate::request::{AnswerContent, Request};
use crate::user_query::UserQuery;

/// The kinds of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// CSV, which can be imported again.
    #[default]
    Csv,
    /// CSV that begins with a byte order mark, for spreadsheet programs.
    CsvForSpreadsheets,
    /// One JSON object a line, as a single person is shown.
    JsonLines,
}

/// A file that arrives.
pub struct Export(Response);

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Export(…)")
    }
}

impl Export {
    /// The next part of the file; `None` at its end.
    ///
    /// # Errors
    /// [`Error::Lost`] when the file broke off: what came is not all of it.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.chunk().await.map_err(Error::of_http)
    }

    /// Writes what is left of the file, and says how many bytes that was.
    ///
    /// # Errors
    /// [`Error::Lost`] when the file broke off, [`Error::File`] when it cannot be written.
    pub async fn write_to(mut self, writer: &mut (impl AsyncWrite + Unpin)) -> Result<u64, Error> {
        let mut written = 0;
        while let Some(chunk) = self.chunk().await? {
            writer.write_all(&chunk).await?;
            written += chunk.len() as u64;
        }
        writer.flush().await?;
        Ok(written)
    }

    /// What is left of the file, as one text.
    ///
    /// # Errors
    /// [`Error::Lost`] when the file broke off, [`Error::File`] when it is no text.
    pub async fn text(self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).await?;
        String::from_utf8(bytes).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error).into())
    }
}

impl Client {
    /// The people whom the caller may see, as a file that is read while it arrives.
    ///
    /// # Errors
    /// [`Error::Problem`] with `forbidden` for customers.
    pub async fn export(&self, query: &UserQuery, format: ExportFormat) -> Result<Export, Error> {
        let (media_type, bom) = match format {
            ExportFormat::Csv => ("text/csv", false),
            ExportFormat::CsvForSpreadsheets => ("text/csv", true),
            ExportFormat::JsonLines => ("application/x-ndjson", false),
        };
        let bom = bom.then(|| ("bom", "true".to_owned())).into_iter().collect();
        let request = Request::get("users/export").query(query.query()).query(bom).header(ACCEPT, media_type);
        let answer = self.send(request.streamed().may_be_done_once()).await?;
        match answer.content {
            AnswerContent::Streamed(response) => Ok(Export(response)),
            AnswerContent::Whole(_) => Err(answer.unexpected("no stream")),
        }
    }
}
