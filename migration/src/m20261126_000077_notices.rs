//! Notices to people about their own account that wait to be sent.

use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};

use crate::table::{CreateTable, integer, uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "notices", |table| {
    table
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
        // Nobody who was erased gets another notice.
        .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
        .index(&["user_id"])
        .index(&["next_attempt_at", "id"]);
});
