//! Sign-ups that wait for the approval of an admin.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::ForeignKeyAction;
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, drop, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Adds the sign-ups from before: inactive managers whose sign-up was recorded and who were never changed since. So a
/// manager who was approved, and deactivated later, is not among them. This is plain SQL, which every backend accepts
/// and which reads better than the query builder's form.
const FROM_BEFORE: &str = "INSERT INTO signups (user_id, requested_at)
    SELECT users.id, users.created_at FROM users
    WHERE users.role = 'manager' AND NOT users.is_active
    AND EXISTS (SELECT 1 FROM audit_events WHERE subject_id = users.id AND action = 'signup.requested')
    AND NOT EXISTS (SELECT 1 FROM audit_events WHERE subject_id = users.id AND action = 'user.updated')
    AND NOT EXISTS (SELECT 1 FROM signups WHERE signups.user_id = users.id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "signups")
            .column(uuid("user_id"))
            .primary_key(&["user_id"])
            .time("requested_at")
            .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
            .index(&["requested_at"])
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared(FROM_BEFORE).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "signups").await
    }
}
