//! Messages on their way.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, bytes, drop, integer, uuid};

const PURPOSES: &[&str] =
    &["customer_sign_up", "customer_sign_in", "staff_sign_up", "second_factor", "password_reset", "invitation"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "outbox")
            .id()
            .choice("channel", &["whatsapp", "email", "phone"])
            .text("recipient", 255)
            .choice("purpose", PURPOSES)
            .column(uuid("challenge_id"))
            .column(bytes("sealed_code"))
            .time("created_at")
            .time("expires_at")
            .column(integer("attempts"))
            .time("next_attempt_at")
            .check(&["attempts"], Expr::col("attempts").gte(0))
            // The code of a challenge that was replaced is no good: its message goes too.
            .foreign_key("challenge_id", "challenges", ForeignKeyAction::Cascade)
            .index(&["challenge_id"])
            .index(&["next_attempt_at", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "outbox").await
    }
}
