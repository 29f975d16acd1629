//! `GET /users/export`

use std::collections::BTreeMap;
use std::io;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Error, User};
use formats::{Export, ExportFormat};
use futures_util::stream;

use crate::extract::caller::Authenticated;

use crate::problem::Problem;
use crate::services::Services;
use crate::users::query::{ExportParams, export_query};
use crate::users::response::UserResponse;

const NDJSON: &str = "application/x-ndjson";

/// Writes a person as the API shows them, for files of JSON lines.
///
/// # Errors
/// Nothing that is written into memory fails.
pub fn write_json(json: &mut Vec<u8>, user: &User) -> serde_json::Result<()> {
    serde_json::to_writer(json, &UserResponse::from(user))
}

/// The people whom the caller sees as a file: for an admin everyone, for a manager the customers assigned to them.
///
/// CSV, or one JSON object a line with `Accept: application/x-ndjson`. In CSV, cells that a spreadsheet would run as a
/// formula begin with a `'`, which `POST /users/import` takes off again. An answer that breaks off is no whole file: the
/// connection is closed before its end.
#[utoipa::path(get, path = "/users/export",
    params(ExportParams, ("Accept" = Option<String>, Header, description = "`application/x-ndjson` for JSON lines.")),
    responses(
        (status = 200, description = "A header and a line for each person; or a line for each person, as `GET /users/{id}` shows them.",
            content((String = "text/csv"), (String = "application/x-ndjson")),
            headers(("Content-Disposition" = String, description = "`attachment` and a file name"))),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn export_users(
    caller: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let export = services.accounts.export(&caller.0.actor)?;
    let is_ndjson = wants_json_lines(request.headers());
    let (query, byte_order_mark) = export_query(request.query_string(), !is_ndjson)?;
    let (format, content_type, kind) = if is_ndjson {
        (ExportFormat::JsonLines(write_json), NDJSON, "ndjson")
    } else {
        (ExportFormat::Csv { byte_order_mark }, "text/csv; charset=utf-8", "csv")
    };
    let mut export = Export::new(export, query, format);
    // An error at the beginning gets an answer of its own.
    let first = export.next().await?;
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
        let user_id = export.actor().id().map(tracing::field::display);
        tracing::warn!(user_id, people = export.people(), "export broken off: its session ended, or its owner changed");
    } else {
        // Logged as every failure is.
        let _ = Problem::from(error);
    }
}

/// JSON lines for those who like them at least as much as CSV and say so by name (RFC 9110 section 12.5.1).
fn wants_json_lines(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut wishes = BTreeMap::new();
    for range in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let quality: f32 = quality.map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0));
        wishes.insert(name.trim().to_ascii_lowercase(), quality);
    }
    let wish = |name: &str| wishes.get(name).copied().unwrap_or_default();
    wish(NDJSON) > 0.0 && wish(NDJSON) >= wish("text/csv")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn json_lines_are_asked_for_by_name() {
        for (accept, expected) in [
            ("application/x-ndjson", true),
            ("Application/X-NDJSON, */*;q=0.1", true),
            ("text/csv;q=0.5, application/x-ndjson", true),
            ("text/csv, application/x-ndjson;q=0.5", false),
            ("application/x-ndjson;q=0", false),
            ("text/csv", false),
            ("*/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(wants_json_lines(request.headers()), expected, "{accept}");
        }
        assert!(!wants_json_lines(TestRequest::default().to_http_request().headers()));
    }
}
