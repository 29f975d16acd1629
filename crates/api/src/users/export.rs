//! `GET /users/export`

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Accounts, Clock, Error};
use formats::{Export, ExportFormat};

use super::query::{ExportParams, export_query};
use super::response::write_json;
use crate::extract::Authenticated;
use crate::extract::media_type::{NDJSON, wants_json_lines};
use crate::problem::{Problem, Result};
use crate::services::Service;
use crate::streaming::{self, Parts};

/// The people whom the caller sees as a file: for an admin everyone, for a manager the customers assigned to them.
///
/// The file is CSV; with `Accept: application/x-ndjson` it has one JSON object on each line. In CSV, a cell that a
/// spreadsheet would run as a formula begins with a `'`, which `POST /users/import` removes again. When the answer breaks
/// off, the connection is closed before the end of the file.
#[utoipa::path(get, path = "/users/export",
    params(ExportParams, ("Accept" = Option<String>, Header, description = "`application/x-ndjson` for JSON lines.")),
    responses(
        (status = 200, description = "A header and a line for each person; or a line for each person, as `GET /users/{id}` shows them.",
            content((String = "text/csv"), (String = "application/x-ndjson")),
            headers(("Content-Disposition" = String, description = "`attachment` and a file name"))),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn export_users(
    caller: Authenticated,
    accounts: Service<Accounts>,
    clock: Service<Arc<dyn Clock>>,
    request: HttpRequest,
) -> Result {
    let people = accounts.export(&caller.actor)?;
    let is_ndjson = wants_json_lines(request.headers());
    let (query, byte_order_mark) = export_query(request.query_string(), !is_ndjson)?;
    let (format, content_type, kind) = if is_ndjson {
        (ExportFormat::JsonLines(write_json), NDJSON, "ndjson")
    } else {
        (ExportFormat::Csv { byte_order_mark }, "text/csv; charset=utf-8", "csv")
    };
    let file = format!("attachment; filename=\"users-{}.{kind}\"", clock.now().format("%Y-%m-%d"));
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::VARY, "accept"))
        .streaming(streaming::begin(Export::new(people, query, format)).await?))
}

impl Parts for Export {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.next().await
    }

    fn log_break(&self, error: Error) {
        if let Error::Unauthorized = error {
            let (user_id, people) = (self.actor().id().map(tracing::field::display), self.people());
            tracing::warn!(user_id, people, "export broken off: its session ended, or its owner changed");
        } else {
            // It is logged like every failure.
            let _ = Problem::from(error);
        }
    }
}
