//! `POST /users/import`

use std::str::FromStr;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ValueError;
use domain::accounts::Import;
use domain::import::{ImportOrder, Imported, LineError, OnError, OnExisting};
use formats::{CsvLines, HeaderError, OpenError};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument as _;
use utoipa::ToSchema;

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::{media_type, query, upload};
use crate::problem::{FieldError, Problem};
use crate::schema::{names, query_params};
use crate::services::Services;

query_params! { ImportParams = order; }

/// What an import did, or would do with `dry_run`. A line is counted once.
#[derive(Serialize, ToSchema)]
#[schema(as = Imported)]
pub(crate) struct ImportResponse {
    /// Customers who are new.
    created: u64,
    /// Customers who were changed.
    updated: u64,
    /// Customers who were left as they were, and lines about staff.
    skipped: u64,
    /// What is not acceptable, in the order of the lines: the first 100.
    errors: Vec<FieldError>,
    /// How many more there are, if any.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    errors_omitted: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<Imported> for ImportResponse {
    fn from(imported: Imported) -> Self {
        Self {
            created: imported.created,
            updated: imported.updated,
            skipped: imported.skipped,
            errors: imported.errors.into_iter().map(FieldError::from).collect(),
            errors_omitted: imported.errors_omitted,
        }
    }
}

impl From<LineError> for FieldError {
    fn from(LineError { line, refused }: LineError) -> Self {
        match refused.column {
            Some(column) => Self { line: Some(line), ..Self::new(column.as_str(), refused.error) },
            // The whole line.
            None => Self { line: Some(line), pointer: String::new(), ..Self::new("", refused.error) },
        }
    }
}

impl From<HeaderError> for FieldError {
    fn from(HeaderError { column, error }: HeaderError) -> Self {
        match column {
            Some(column) => Self { line: Some(1), ..Self::new(&column, error) },
            // The whole file.
            None => Self { line: Some(1), pointer: String::new(), ..Self::new("", error) },
        }
    }
}

/// Enters customers out of a file, or changes those who exist, as `POST /users/` and `PATCH /users/{id}` do.
///
/// The columns are `phone`, `display_name`, `assigned_manager_email` and `metadata`, in any order; only `phone` is
/// needed. An empty cell leaves what is there alone. `metadata` is a JSON object: all of it for a new customer, merged
/// into what is there for one who exists. A manager's new customers are assigned to them, and customers of others are
/// `phone_taken`.
///
/// With `on_error=abort` it is one transaction, and an error anywhere means that nothing is written. With
/// `on_error=skip` a few hundred lines at a time are written; sent again, a file whose import broke off goes on where
/// it ended. A file that `GET /users/export` wrote is taken too: `is_active` is read of its other columns, and lines
/// about staff count as skipped.
#[utoipa::path(post, path = "/users/import", params(ImportParams),
    request_body(content = String, content_type = "text/csv",
        description = "UTF-8, at most 64 MiB, with a header.",
        example = "phone,display_name,assigned_manager_email,metadata\n+998901234567,Aziza,ann@example.com,\"{\"\"tier\"\":1}\"\n"),
    responses(
        (status = 200, description = "What was done, or would be with `dry_run`.", body = ImportResponse),
        (status = 403, description = "`forbidden`: for customers."),
        (status = 409, description = "`conflict`: others kept changing the same customers; nothing was written."),
        (status = 413, description = "`payload_too_large`: more than 64 MiB."),
        (status = 415, description = "`unsupported_media_type`: not `text/csv` in UTF-8 with a header."),
        (status = 422, description = "`validation_failed`: `errors` names each `line`; with a wrong parameter, its name. Nothing was written."),
        (status = 503, description = "`unavailable`: the database is away, or others import at the moment.")))]
pub(crate) async fn import_users(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let import = services.accounts.import(actor)?;
    let order = query::read(request.query_string(), order)?;
    media_type::check_csv(&request)?;
    let file = upload::receive(&services.imports, services.body_timeout, &request, payload).await?;
    let lines = CsvLines::open(file).await?;
    let turn = services.imports.turn().await?;
    let imported = import_detached(import, lines, order.clone(), turn).await?;
    if imported.is_aborted(&order) {
        let errors = imported.errors.into_iter().map(FieldError::from).collect();
        return Err(Problem::invalid_lines(errors, imported.errors_omitted));
    }
    Ok(HttpResponse::Ok().json(ImportResponse::from(imported)))
}

/// Goes on when the client hangs up, so that what was written is recorded.
async fn import_detached(
    import: Import,
    mut lines: CsvLines,
    order: ImportOrder,
    turn: OwnedSemaphorePermit,
) -> Result<Imported, Problem> {
    let run = async move {
        let imported = import.run(&mut lines, &order).await;
        drop(turn);
        imported
    };
    let done = actix_web::rt::spawn(run.in_current_span()).await;
    Ok(done.map_err(|_| Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR))??)
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Header(errors) => Self::invalid_lines(errors.into_iter().map(FieldError::from).collect(), 0),
            OpenError::Io(error) => upload::unavailable(error),
        }
    }
}

fn order(fields: &mut Fields) -> Option<ImportOrder> {
    let dry_run = fields.flag("dry_run", "Whether only to tell what would happen.");
    let about = "What to do about lines that are not acceptable: import nothing at all (`abort`, unless said otherwise), or the others.";
    let names_of_it = || names(OnError::ALL, OnError::as_str);
    let on_error = fields.parameter("on_error", about, names_of_it, |text| choice(text, "must be abort or skip"));
    let about = "What to do about customers who exist: leave them as they are (`skip`, unless said otherwise), or change what the line gives.";
    let names_of_it = || names(OnExisting::ALL, OnExisting::as_str);
    let on_existing =
        fields.parameter("on_existing", about, names_of_it, |text| choice(text, "must be skip or update"));
    Some(ImportOrder {
        on_error: on_error?.unwrap_or_default(),
        on_existing: on_existing?.unwrap_or_default(),
        dry_run: dry_run?,
        created_by: None,
    })
}

fn choice<T: FromStr>(text: &str, detail: &'static str) -> Result<T, ValueError> {
    text.parse().map_err(|_| ValueError::new("invalid_choice", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_read_strictly() {
        let read = |query: &str| query::read(query, order).unwrap();
        assert_eq!(read(""), ImportOrder::default());
        let all = read("dry_run=true&on_error=skip&on_existing=update");
        assert_eq!((all.dry_run, all.on_error, all.on_existing), (true, OnError::Skip, OnExisting::Update));
        assert_eq!(read("dry_run=false&on_error=abort&on_existing=skip"), ImportOrder::default());
        for wrong in
            ["dry_run=1", "on_error=", "on_error=update", "on_existing=abort", "wings=2", "dry_run=true&dry_run=true"]
        {
            assert!(query::read(wrong, order).is_err(), "{wrong}");
        }
    }
}
