//! The profile of admins and managers.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "admin_managers")
            .id()
            .text("email", 255)
            .text("password_hash", 255)
            .optional_text("tin_trunk_number", 50)
            .choice("verification_method", &["whatsapp", "email", "phone"])
            .optional_text("phone", 20)
            .time("created_at")
            .time("updated_at")
            // A profile is a part of its person and goes with them.
            .foreign_key("id", "users", ForeignKeyAction::Cascade)
            // Codes to a phone need one.
            .check(&["phone"], Expr::col("verification_method").eq("email").or(Expr::col("phone").is_not_null()))
            .unique(&["email"])
            .index(&["phone"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "admin_managers").await
    }
}
