//! What an import is to do, as its query says it, and what it did.

use domain::import::{ImportOrder, Imported, OnError, OnExisting};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Fields, query_params};
use crate::problem::FieldError;
use crate::schema::names;

query_params!(ImportParams = import_order);

pub(super) fn import_order(fields: &mut Fields) -> Option<ImportOrder> {
    let dry_run = fields.flag("dry_run", "Whether only to say what would happen.");
    let about =
        "What to do about lines that are not acceptable: import nothing at all (`abort`, the default), or the others.";
    let schema = || names(OnError::ALL, OnError::as_str);
    let on_error: Option<Option<OnError>> = fields.choice("on_error", about, schema);
    let about = "What to do about customers who exist: leave them as they are (`skip`, the default), or change what the line gives.";
    let schema = || names(OnExisting::ALL, OnExisting::as_str);
    let on_existing: Option<Option<OnExisting>> = fields.choice("on_existing", about, schema);
    Some(ImportOrder {
        on_error: on_error?.unwrap_or_default(),
        on_existing: on_existing?.unwrap_or_default(),
        dry_run: dry_run?,
        created_by: None,
    })
}

/// What an import did, or would do with `dry_run`. A line is counted once.
#[derive(Serialize, ToSchema)]
#[schema(as = Imported)]
pub(super) struct ImportResponse {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::query;

    #[test]
    fn the_order_is_read_strictly() {
        let read = |query: &str| query::read(query, import_order).unwrap();
        assert_eq!(read(""), ImportOrder::default());
        let all = read("dry_run=true&on_error=skip&on_existing=update");
        assert_eq!((all.dry_run, all.on_error, all.on_existing), (true, OnError::Skip, OnExisting::Update));
        assert_eq!(read("dry_run=false&on_error=abort&on_existing=skip"), ImportOrder::default());
        for wrong in
            ["dry_run=1", "on_error=", "on_error=update", "on_existing=abort", "wings=2", "dry_run=true&dry_run=true"]
        {
            assert!(query::read(wrong, import_order).is_err(), "{wrong}");
        }
    }
}
