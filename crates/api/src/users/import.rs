//! `POST /users/import`

use actix_web::{HttpRequest, HttpResponse};
use domain::Accounts;
use formats::CsvLines;

use super::import_order::{ImportParams, ImportResponse, import_order};
use crate::extract::{Authenticated, Upload, query};
use crate::imports::Imports;
use crate::problem::{FieldError, Problem, Result};
use crate::services::Service;

/// Enters customers from a file and changes those who exist, as `POST /users/` and `PATCH /users/{id}` do.
///
/// The columns are `phone`, `display_name`, `assigned_manager_email` and `metadata`, in any order; only `phone` is
/// needed. An empty cell changes nothing. `metadata` is a JSON object: all of it for a new customer, merged
/// into what is there for one who exists. A manager's new customers are assigned to them, and customers of others are
/// `phone_taken`.
///
/// With `on_error=abort` it is one transaction, and an error anywhere means that nothing is written. With
/// `on_error=skip` a few hundred lines at a time are written; when an import broke off, the same file goes on where it
/// ended. A file that `GET /users/export` wrote is taken too. Of its other columns only `is_active` is read, and lines
/// about staff count as skipped.
#[utoipa::path(post, path = "/users/import", params(ImportParams),
    request_body(content = String, content_type = "text/csv",
        description = "UTF-8, at most 64 MiB, with a header.",
        example = "phone,display_name,assigned_manager_email,metadata\n+998901234567,Bob,mia@example.com,\"{\"\"tier\"\":\"\"gold\"\"}\"\n"),
    responses(
        (status = 200, description = "What was done, or what would be done with `dry_run`.", body = ImportResponse),
        (status = 403, description = "`forbidden`: for customers."),
        (status = 409, description = "`conflict`: others kept changing the same customers; nothing was written."),
        (status = 413, description = "`payload_too_large`: more than 64 MiB."),
        (status = 415, description = "`unsupported_media_type`: not `text/csv` in UTF-8 with a header."),
        (status = 422, description = "`validation_failed`: `errors` names each `line`; with a wrong parameter, its name. Nothing was written."),
        (status = 503, description = "`unavailable`: the database is away, or other imports are running.")))]
pub(crate) async fn import_users(
    caller: Authenticated,
    accounts: Service<Accounts>,
    imports: Service<Imports>,
    request: HttpRequest,
    upload: Upload,
) -> Result {
    let import = accounts.import(&caller.actor)?;
    let order = query::read(request.query_string(), import_order)?;
    let mut lines = CsvLines::open(upload.receive().await?).await?;
    let ordered = order.clone();
    let imported = imports.in_turn(async move { import.run(&mut lines, &ordered).await }).await??;
    if imported.is_aborted(&order) {
        let errors = imported.errors.into_iter().map(FieldError::from).collect();
        return Err(Problem::invalid_lines(errors, imported.errors_omitted));
    }
    Ok(HttpResponse::Ok().json(ImportResponse::from(imported)))
}
