//! The profile of customers.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::ForeignKeyAction;
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, drop, optional_uuid, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "customers")
            .id()
            .text("phone", 20)
            .column(uuid("created_by"))
            .column(optional_uuid("assigned_manager_id"))
            .json_object("metadata")
            // Always that of the person, so that the lists below need no other table for their order.
            .time("created_at")
            .time("updated_at")
            // A profile is a part of its person and goes with them.
            .foreign_key("id", "users", ForeignKeyAction::Cascade)
            // Whoever entered or looks after customers is handed over before they go.
            .foreign_key("created_by", "users", ForeignKeyAction::Restrict)
            .foreign_key("assigned_manager_id", "users", ForeignKeyAction::Restrict)
            .unique(&["phone"])
            .index(&["assigned_manager_id", "created_at", "id"])
            .index(&["created_by", "created_at", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "customers").await
    }
}
