//! Who did what to whom.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, drop, optional_uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "audit_events")
            .id()
            .time("at")
            .column(optional_uuid("actor_id"))
            .choice("actor_role", &["admin", "manager", "customer", "system", "anonymous"])
            // No CHECK: new kinds come with new releases, and SQLite can't change one.
            .text("action", 64)
            .column(optional_uuid("subject_id"))
            .json("changes")
            .optional_text("request_id", 255)
            .optional_text("address", 45)
            // No foreign keys: the ids outlive the people. One index for each filter, in the order of the list.
            .index(&["at", "id"])
            .index(&["subject_id", "at", "id"])
            .index(&["actor_id", "at", "id"])
            .index(&["actor_id", "action", "at", "id"])
            .index(&["action", "at", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "audit_events").await
    }
}
