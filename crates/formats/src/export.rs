//! People as a file, written page by page.

use std::collections::BTreeMap;
use std::error;
use std::sync::Arc;

use domain::accounts;
use domain::store::StoreError;
use domain::{Actor, Email, Error, Page, User, UserId, UserQuery};
use tokio::join;

use crate::csv::writer;

/// Writes a person as one JSON value. The API knows how people look in JSON.
pub type WriteJson = fn(&mut Vec<u8>, &User) -> serde_json::Result<()>;

/// What kind of file it is.
#[derive(Clone, Copy, Debug)]
pub enum ExportFormat {
    /// Comma-separated values with a header.
    Csv {
        /// Whether it begins with a byte order mark, by which spreadsheet programs tell UTF-8.
        byte_order_mark: bool,
    },
    /// A JSON value on each line.
    JsonLines(WriteJson),
}

/// How many e-mails of managers are remembered, so that not every page asks for the same ones.
const REMEMBERED: usize = 10_000;

/// An export that has begun.
pub struct Export {
    source: Arc<accounts::Export>,
    format: ExportFormat,
    /// Of the next page to read; `None` after the last.
    query: Option<UserQuery>,
    /// A page that was read while the one before it was written.
    ahead: Option<Result<Page<User>, Error>>,
    has_begun: bool,
    is_recorded: bool,
    people: u64,
    total: Option<u64>,
    emails: BTreeMap<UserId, Email>,
}

impl Export {
    /// Everybody whom the query finds and the caller may export.
    #[must_use]
    pub fn new(source: accounts::Export, query: UserQuery, format: ExportFormat) -> Self {
        let source = Arc::new(source);
        let query = Some(query);
        Self {
            source,
            format,
            query,
            ahead: None,
            has_begun: false,
            is_recorded: false,
            people: 0,
            total: None,
            emails: BTreeMap::new(),
        }
    }

    /// The next part of the file; `None` at its end. The export is recorded before its last part is returned, or when it
    /// breaks off. Fails with [`Error::Unauthorized`] when the caller's authority ends on the way.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(page) = self.page().await? else { return Ok(None) };
        let part = self.part(&page).await?;
        if self.ahead.is_none() {
            self.source.record(self.people, true).await?;
            self.is_recorded = true;
        }
        Ok(Some(part))
    }

    async fn page(&mut self) -> Result<Option<Page<User>>, Error> {
        if let Some(page) = self.ahead.take() {
            let page = page?;
            // The client may have taken a while for the part before.
            self.source.check_authority().await?;
            return Ok(Some(page));
        }
        match self.query.take() {
            Some(query) => {
                let page = self.source.page(&query).await?;
                self.query = Some(query);
                Ok(Some(page))
            }
            None => Ok(None),
        }
    }

    /// Writes a page while the database reads the next one.
    async fn part(&mut self, page: &Page<User>) -> Result<Vec<u8>, Error> {
        let next = self.query.take().zip(page.next.clone());
        self.query = next.map(|(query, next)| UserQuery { after: Some(next), include_total: false, ..query });
        let mut part = Vec::new();
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        if let (ExportFormat::Csv { byte_order_mark }, false) = (self.format, has_begun) {
            part = writer::head(byte_order_mark).map_err(failed)?;
        }
        let read = async {
            match &self.query {
                Some(query) => Some(self.source.page(query).await),
                None => None,
            }
        };
        let written = written(&self.source, self.format, &mut self.emails, &page.items);
        let (ahead, written) = join!(read, written);
        part.extend(written?);
        self.ahead = ahead;
        self.people += page.items.len() as u64;
        self.total = self.total.or(page.total);
        Ok(part)
    }

    /// Who exports.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        self.source.actor()
    }

    /// How many people were written so far.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.people
    }

    /// How many people the query found at the beginning, if it asked for that.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

async fn written(
    source: &accounts::Export,
    format: ExportFormat,
    emails: &mut BTreeMap<UserId, Email>,
    people: &[User],
) -> Result<Vec<u8>, Error> {
    match format {
        ExportFormat::Csv { .. } => {
            if emails.len() > REMEMBERED {
                emails.clear();
            }
            source.find_manager_emails(people, emails).await?;
            writer::rows(people, emails).map_err(failed)
        }
        ExportFormat::JsonLines(write) => json_lines(people, write).map_err(failed),
    }
}

/// An export that breaks off is recorded too: the client has what was sent until then.
impl Drop for Export {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_recorded || !self.has_begun {
            return;
        }
        let (source, people) = (Arc::clone(&self.source), self.people);
        runtime.spawn(async move {
            if let Err(error) = source.record(people, false).await {
                tracing::error!(error = %domain::ErrorChain(&error), people, "an export was not recorded");
            }
        });
    }
}

fn json_lines(people: &[User], write: WriteJson) -> serde_json::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for user in people {
        write(&mut lines, user)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Writing into memory should not fail.
fn failed(error: impl error::Error + Send + Sync + 'static) -> Error {
    Error::Store(StoreError::Failed(Box::new(error)))
}
