//! Who is signed in where.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, counter, digest, drop, optional_digest, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "sessions")
            .id()
            .column(uuid("user_id"))
            .time("created_at")
            .time("last_used_at")
            .time("expires_at")
            // The longest address, IPv6 with an embedded IPv4, has 45 characters.
            .optional_text("address", 45)
            .optional_text("user_agent", 255)
            .column(digest("refresh_digest"))
            .column(optional_digest("spent_digest"))
            .column(counter("renewals", 0))
            .check(&["renewals"], Expr::col("renewals").gte(0))
            .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
            .index(&["user_id", "created_at", "id"])
            .index(&["expires_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "sessions").await
    }
}
