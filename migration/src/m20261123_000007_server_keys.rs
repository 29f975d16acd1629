//! Keys that all instances share.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, boolean, bytes, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "server_keys")
            .text("id", 128)
            .primary_key(&["id"])
            .choice("purpose", &["access_token", "codes"])
            .column(bytes("secret"))
            .column(boolean("is_sealed"))
            .time("created_at")
            .time("active_from")
            .optional_time("retired_at")
            .index(&["purpose"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "server_keys").await
    }
}
