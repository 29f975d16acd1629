//! By which API key something was done. The trigger that keeps audit events as they are keeps this too.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::changes::{add_column, drop_column};
use crate::m20261123_000010_audit_events_append_only::do_without_the_right_to;
use crate::table::optional_uuid;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "audit_events";
const COLUMN: &str = "key_id";

/// What nobody may change, before this and after it.
const FIXED: &[&str] = &["id", "at", "actor_id", "actor_role", "action", "subject_id", "request_id", COLUMN];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, TABLE, optional_uuid(COLUMN)).await?;
        replace_trigger(manager, FIXED).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let before = FIXED.split_last().map_or(FIXED, |(_, before)| before);
        // SQLite drops no column that a trigger names.
        replace_trigger(manager, before).await?;
        drop_column(manager, TABLE, COLUMN).await
    }
}

/// The query builder knows no triggers.
async fn replace_trigger(manager: &SchemaManager<'_>, fixed: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    match manager.get_database_backend() {
        DbBackend::Postgres => connection.execute_unprepared(&postgres(fixed)).await.map(drop),
        DbBackend::MySql => {
            for statement in mysql(fixed) {
                connection.execute_unprepared(&statement).await.map(drop).or_else(do_without_the_right_to)?;
            }
            Ok(())
        }
        _ => connection.execute_unprepared(&sqlite(fixed)).await.map(drop),
    }
}

fn sqlite(fixed: &[&str]) -> String {
    let changed = any(fixed, |column| format!("NEW.{column} IS NOT OLD.{column}"));
    format!(
        "DROP TRIGGER IF EXISTS audit_events_no_update; \
         CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events \
         WHEN {changed} OR (NEW.address IS NOT NULL AND NEW.address IS NOT OLD.address) \
         BEGIN SELECT RAISE(ABORT, 'audit events are kept'); END;"
    )
}

fn postgres(fixed: &[&str]) -> String {
    let changed = any(fixed, |column| format!("NEW.{column} IS DISTINCT FROM OLD.{column}"));
    format!(
        "DROP TRIGGER IF EXISTS audit_events_no_update ON audit_events; \
         CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events FOR EACH ROW \
         WHEN ({changed} OR (NEW.address IS NOT NULL AND NEW.address IS DISTINCT FROM OLD.address)) \
         EXECUTE FUNCTION audit_events_refuse();"
    )
}

fn mysql(fixed: &[&str]) -> [String; 2] {
    let changed = any(fixed, |column| format!("NOT (NEW.{column} <=> OLD.{column})"));
    [
        "DROP TRIGGER IF EXISTS audit_events_no_update".to_owned(),
        format!(
            "CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events FOR EACH ROW \
             BEGIN IF {changed} OR (NEW.address IS NOT NULL AND NOT (NEW.address <=> OLD.address)) \
             THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit events are kept'; END IF; END"
        ),
    ]
}

fn any(fixed: &[&str], changed: impl Fn(&str) -> String) -> String {
    fixed.iter().map(|column| changed(column)).collect::<Vec<_>>().join(" OR ")
}
