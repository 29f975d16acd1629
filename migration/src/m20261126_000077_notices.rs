//! What people are told of their account, on its way.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, drop, integer, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "notices")
            .id()
            .column(uuid("user_id"))
            .choice("channel", &["whatsapp", "email", "phone"])
            .text("recipient", 255)
            .choice("purpose", &["contact_changed", "password_changed"])
            .time("created_at")
            .time("expires_at")
            .column(integer("attempts"))
            .time("next_attempt_at")
            .check(&["attempts"], Expr::col("attempts").gte(0))
            // Whoever is erased is told nothing more.
            .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
            .index(&["user_id"])
            .index(&["next_attempt_at", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "notices").await
    }
}
