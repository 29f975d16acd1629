//! The audit trail is append-only. Its rows cannot be deleted. They can be updated only to blank the personal values of
//! somebody who was erased, which are in `changes` and `address`.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, DeriveMigrationName, RuntimeErr};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The columns that nobody may change.
const FIXED: &[&str] = &["id", "at", "actor_id", "actor_role", "action", "subject_id", "request_id"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // The query builder knows no triggers.
        match manager.get_database_backend() {
            DbBackend::Postgres => connection.execute_unprepared(&postgres()).await.map(drop),
            DbBackend::MySql => {
                for trigger in mysql() {
                    let made = connection.execute_unprepared(&trigger).await;
                    made.map(drop).or_else(do_without_the_right_to)?;
                }
                Ok(())
            }
            _ => connection.execute_unprepared(&sqlite()).await.map(drop),
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let drops: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &[
                "DROP TRIGGER IF EXISTS audit_events_no_truncate ON audit_events",
                "DROP TRIGGER IF EXISTS audit_events_no_delete ON audit_events",
                "DROP TRIGGER IF EXISTS audit_events_no_update ON audit_events",
                "DROP FUNCTION IF EXISTS audit_events_refuse()",
            ],
            _ => &["DROP TRIGGER IF EXISTS audit_events_no_delete", "DROP TRIGGER IF EXISTS audit_events_no_update"],
        };
        for statement in drops {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// Goes on without the triggers when MySQL reports error 1419: a server that writes a binary log lets only
/// administrators create triggers.
pub(crate) fn do_without_the_right_to(error: DbErr) -> Result<(), DbErr> {
    let code = match &error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) => error.as_database_error().map(ToString::to_string),
        _ => None,
    };
    if !code.is_some_and(|message| message.starts_with("1419 ")) {
        return Err(error);
    }
    tracing::warn!(
        "the database user may not create triggers, so the database itself does not prevent changes of audit events; \
         to have the triggers, set log_bin_trust_function_creators before the first migration"
    );
    Ok(())
}

fn sqlite() -> String {
    let changed = any(|column| format!("NEW.{column} IS NOT OLD.{column}"));
    format!(
        "CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events \
         BEGIN SELECT RAISE(ABORT, 'audit events are kept'); END; \
         CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events \
         WHEN {changed} OR (NEW.address IS NOT NULL AND NEW.address IS NOT OLD.address) \
         BEGIN SELECT RAISE(ABORT, 'audit events are kept'); END;"
    )
}

fn postgres() -> String {
    let changed = any(|column| format!("NEW.{column} IS DISTINCT FROM OLD.{column}"));
    format!(
        "CREATE OR REPLACE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'audit events are kept'; END $$; \
         CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events \
         FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse(); \
         CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events \
         FOR EACH ROW EXECUTE FUNCTION audit_events_refuse(); \
         CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events FOR EACH ROW \
         WHEN ({changed} OR (NEW.address IS NOT NULL AND NEW.address IS DISTINCT FROM OLD.address)) \
         EXECUTE FUNCTION audit_events_refuse();"
    )
}

fn mysql() -> [String; 4] {
    let changed = any(|column| format!("NOT (NEW.{column} <=> OLD.{column})"));
    let refuse = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit events are kept'";
    [
        // A migration that was interrupted after any of its triggers starts again.
        "DROP TRIGGER IF EXISTS audit_events_no_delete".to_owned(),
        "DROP TRIGGER IF EXISTS audit_events_no_update".to_owned(),
        format!("CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events FOR EACH ROW {refuse}"),
        format!(
            "CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events FOR EACH ROW \
             BEGIN IF {changed} OR (NEW.address IS NOT NULL AND NOT (NEW.address <=> OLD.address)) \
             THEN {refuse}; END IF; END"
        ),
    ]
}

fn any(changed: impl Fn(&str) -> String) -> String {
    FIXED.iter().map(|column| changed(column)).collect::<Vec<_>>().join(" OR ")
}
