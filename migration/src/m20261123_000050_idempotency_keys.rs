//! Requests that were carried out under a key, and what was answered.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::ForeignKeyAction;
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, bytes, digest, drop, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "idempotency_keys")
            // Whom the request entered. The answer tells of them, so it goes with them.
            .column(uuid("user_id"))
            .primary_key(&["user_id"])
            .column(uuid("caller_id"))
            .column(digest("key_digest"))
            .column(digest("request_digest"))
            .column(bytes("answer"))
            .time("expires_at")
            .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
            .foreign_key("caller_id", "users", ForeignKeyAction::Cascade)
            .unique(&["caller_id", "key_digest"])
            .index(&["expires_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "idempotency_keys").await
    }
}
