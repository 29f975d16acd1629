//! `GET /users/export`

use std::collections::BTreeMap;
use std::io;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::store::StoreError;
use domain::{Accounts, Action, Actor, Error, User, UserQuery};
use futures_util::stream;

use crate::extract::caller::Authenticated;
use crate::extract::query::{ExportParams, UserFilterParams, export_query};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::{UserResponse, csv};

const NDJSON: &str = "application/x-ndjson";

/// In which form people are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header.
    #[default]
    Csv,
    /// A JSON object on each line, as the API shows people.
    Ndjson,
}

/// People on their way out, a page at a time.
pub struct Export {
    accounts: Accounts,
    actor: Actor,
    format: ExportFormat,
    /// Of the next page; `None` after the last.
    query: Option<UserQuery>,
    has_begun: bool,
    is_recorded: bool,
    has_byte_order_mark: bool,
    people: u64,
    total: Option<u64>,
}

impl Export {
    /// Everybody whom the query finds and the caller may export.
    #[must_use]
    pub fn new(accounts: Accounts, actor: Actor, query: UserQuery, format: ExportFormat) -> Self {
        Self {
            accounts,
            actor,
            format,
            query: Some(query),
            has_begun: false,
            is_recorded: false,
            has_byte_order_mark: false,
            people: 0,
            total: None,
        }
    }

    /// The same with a byte order mark before CSV, by which spreadsheet programs tell UTF-8.
    #[must_use]
    pub fn with_byte_order_mark(mut self, has_byte_order_mark: bool) -> Self {
        self.has_byte_order_mark = has_byte_order_mark;
        self
    }

    /// The next part of the file; `None` at its end. The export is recorded before its last part is handed out, or
    /// when it breaks off.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Unauthorized`] when the caller's authority ends on the way; [`Error::Store`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let part = self.next_part().await?;
        if part.is_some() && self.query.is_none() {
            self.accounts.record_export(&self.actor, self.people, true).await?;
            self.is_recorded = true;
        }
        Ok(part)
    }

    async fn next_part(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(query) = self.query.take() else { return Ok(None) };
        let page = self.accounts.export(&self.actor, &query).await?;
        let mut part = Vec::new();
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        if self.format == ExportFormat::Csv && !has_begun {
            part = if self.has_byte_order_mark { csv::BYTE_ORDER_MARK.to_vec() } else { Vec::new() };
            part.extend(csv::head().map_err(broken)?);
        }
        part.extend(self.written(&page.items).await?);
        self.people += page.items.len() as u64;
        self.total = self.total.or(page.total);
        self.query = page.next.map(|next| UserQuery { after: Some(next), include_total: false, ..query });
        Ok(Some(part))
    }

    /// How many people were written so far.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.people
    }

    /// How many there were at the beginning, if the query asked for it.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    async fn written(&self, people: &[User]) -> Result<Vec<u8>, Error> {
        match self.format {
            ExportFormat::Csv => {
                let emails = self.accounts.manager_emails(&self.actor, people).await?;
                csv::rows(people, &emails).map_err(broken)
            }
            ExportFormat::Ndjson => json_lines(people).map_err(broken),
        }
    }
}

/// Whoever stops reading has got what was handed out until then, which is recorded too.
impl Drop for Export {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_recorded || !self.has_begun {
            return;
        }
        let (accounts, actor, people) = (self.accounts.clone(), self.actor.clone(), self.people);
        runtime.spawn(async move {
            if let Err(error) = accounts.record_export(&actor, people, false).await {
                tracing::error!(error = &error as &dyn std::error::Error, people, "an export was not recorded");
            }
        });
    }
}

fn json_lines(people: &[User]) -> Result<Vec<u8>, serde_json::Error> {
    let mut lines = Vec::new();
    for user in people {
        serde_json::to_writer(&mut lines, &UserResponse::from(user))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Nothing that is written into memory fails.
pub(super) fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(StoreError::Failed(Box::new(error)))
}

/// The people whom the caller sees as a file: for an admin everyone, for a manager the customers assigned to them.
///
/// CSV, or one JSON object a line with `Accept: application/x-ndjson`. In CSV, cells that a spreadsheet would run as a
/// formula begin with a `'`, which `POST /users/import` takes off again. An answer that breaks off is no whole file: the
/// connection is closed before its end.
#[utoipa::path(get, path = "/users/export", tag = "users", operation_id = "export_users",
    params(UserFilterParams, ExportParams, ("Accept" = Option<String>, Header, description = "`application/x-ndjson` for JSON lines.")),
    responses(
        (status = 200, description = "A header and a line for each person; or a line for each person, as `GET /users/{id}` shows them.",
            content((String = "text/csv"), (String = "application/x-ndjson")),
            headers(("Content-Disposition" = String, description = "`attachment` and a file name"))),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for customers.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`: an unknown or wrong parameter.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn export(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = signed_in.0.actor;
    services.accounts.check_may(&actor, Action::ImportAndExport)?;
    let format = format(request.headers());
    let (query, bom) = export_query(request.query_string(), format == ExportFormat::Csv)?;
    let mut export = Export::new(services.accounts.clone(), actor, query, format).with_byte_order_mark(bom);
    // What is wrong at once gets an answer of its own.
    let first = export.next().await?;
    let (content_type, kind) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Ndjson => (NDJSON, "ndjson"),
    };
    let file = format!("attachment; filename=\"users-{}.{kind}\"", services.clock.now().format("%Y-%m-%d"));
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::VARY, "accept"))
        .streaming(stream::unfold((first, Some(export)), |(part, export)| async {
            // Ends after an error, which breaks the connection off: what was sent must not pass for a whole file.
            let (part, mut export) = (part?, export?);
            match export.next().await {
                Ok(next) => Some((Ok(Bytes::from(part)), (next, Some(export)))),
                Err(error) => {
                    log_break(&export, error);
                    Some((Err(io::Error::other("the export broke off")), (None, None)))
                }
            }
        })))
}

/// What broke an export off, which has no answer any more to go into.
fn log_break(export: &Export, error: Error) {
    if let Error::Unauthorized = error {
        let user_id = export.actor.id().map(tracing::field::display);
        tracing::warn!(user_id, people = export.people(), "export broken off: its session ended, or its owner changed");
    } else {
        // Logged as every failure is.
        let _ = Problem::from(error);
    }
}

/// JSON lines for those who like them at least as much as CSV and say so by name (RFC 9110 section 12.5.1).
fn format(headers: &HeaderMap) -> ExportFormat {
    let values = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut wishes = BTreeMap::new();
    for range in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let quality: f32 = quality.map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0));
        wishes.insert(name.trim().to_ascii_lowercase(), quality);
    }
    let wish = |name: &str| wishes.get(name).copied().unwrap_or_default();
    let is_ndjson = wish(NDJSON) > 0.0 && wish(NDJSON) >= wish("text/csv");
    if is_ndjson { ExportFormat::Ndjson } else { ExportFormat::Csv }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn json_lines_are_asked_for_by_name() {
        for (accept, expected) in [
            ("application/x-ndjson", ExportFormat::Ndjson),
            ("Application/X-NDJSON, */*;q=0.1", ExportFormat::Ndjson),
            ("text/csv;q=0.5, application/x-ndjson", ExportFormat::Ndjson),
            ("text/csv, application/x-ndjson;q=0.5", ExportFormat::Csv),
            ("application/x-ndjson;q=0", ExportFormat::Csv),
            ("text/csv", ExportFormat::Csv),
            ("*/*", ExportFormat::Csv),
            ("application/json", ExportFormat::Csv),
            ("", ExportFormat::Csv),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(format(request.headers()), expected, "{accept}");
        }
        assert_eq!(format(TestRequest::default().to_http_request().headers()), ExportFormat::Csv);
    }
}
