//! Checking that the database itself prevents changes of audit events.

use chrono::DateTime;
use domain::store::WriteError;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, Statement};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::audit_event;
use crate::error::{DatabaseError, Failure, is_kept};

const NO_UPDATE: &str = "audit_events_no_update";
const NO_DELETE: &str = "audit_events_no_delete";
const NO_TRUNCATE: &str = "audit_events_no_truncate";

impl Database {
    /// The triggers that should prevent changes of audit events and are missing or without effect.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn missing_triggers(&self) -> Result<Vec<&'static str>, DatabaseError> {
        match self.store().writer.get_database_backend() {
            DbBackend::Sqlite => self.not_among(SQLITE, &[NO_UPDATE, NO_DELETE]).await,
            DbBackend::Postgres => self.not_among(POSTGRES, &[NO_UPDATE, NO_DELETE, NO_TRUNCATE]).await,
            _ => self.without_effect().await,
        }
    }

    async fn not_among(&self, select: &str, names: &[&'static str]) -> Result<Vec<&'static str>, DatabaseError> {
        let store = self.store();
        let statement = Statement::from_string(store.reader.get_database_backend(), select);
        let rows = store.reader.query_all_raw(statement).await?;
        let found: Vec<String> = rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?;
        Ok(names.iter().copied().filter(|name| !found.iter().any(|found| found == name)).collect())
    }

    /// `MySQL` shows triggers only to users who may change them. So this tries what the triggers should refuse, on an
    /// event that is never committed.
    async fn without_effect(&self) -> Result<Vec<&'static str>, DatabaseError> {
        let store = self.store();
        let tried = store.in_time(async {
            let txn = sea_orm::TransactionTrait::begin(&store.writer).await?;
            let missing = try_to_change(&txn).await;
            let _ = txn.rollback().await;
            missing
        });
        match tried.await {
            Ok(Ok(missing)) => Ok(missing),
            Ok(Err(failure)) => Err(WriteError::from(failure).into_store_error().into()),
            Err(_) => Err(crate::error::out_of_time().into()),
        }
    }
}

const SQLITE: &str = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'";

/// A trigger that was disabled counts as missing.
const POSTGRES: &str = "SELECT tgname::text AS name FROM pg_trigger \
     WHERE tgrelid = 'audit_events'::regclass AND NOT tgisinternal AND tgenabled IN ('O', 'A')";

/// Tries to update and to delete an event. Answers the triggers that did not refuse it.
async fn try_to_change(txn: &DatabaseTransaction) -> Result<Vec<&'static str>, Failure> {
    let event = audit_event::ActiveModel {
        id: Set(Uuid::nil()),
        at: Set(DateTime::UNIX_EPOCH),
        actor_id: Set(None),
        actor_role: Set("system".to_owned()),
        action: Set("user.created".to_owned()),
        subject_id: Set(None),
        changes: Set(serde_json::json!({})),
        request_id: Set(None),
        address: Set(None),
        key_id: Set(None),
    };
    audit_event::Entity::insert(event).exec_without_returning(txn).await?;
    let is_it = || audit_event::Column::Id.eq(Uuid::nil());
    let update = audit_event::Entity::update_many()
        .col_expr(audit_event::Column::Address, Expr::value("127.0.0.1"))
        .filter(is_it())
        .exec(txn);
    let mut missing = Vec::new();
    for (name, changed) in [
        (NO_UPDATE, update.await.map(|done| done.rows_affected)),
        (NO_DELETE, audit_event::Entity::delete_many().filter(is_it()).exec(txn).await.map(|done| done.rows_affected)),
    ] {
        match changed {
            Ok(_) => missing.push(name),
            Err(error) if is_kept(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(missing)
}
