//! Messages that wait to be sent.

use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};

use crate::table::{CreateTable, bytes, integer, uuid};

const PURPOSES: &[&str] =
    &["customer_sign_up", "customer_sign_in", "staff_sign_up", "second_factor", "password_reset", "invitation"];

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "outbox", |table| {
    table
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
        // The code of a replaced challenge is no longer valid, so its message is deleted with it.
        .foreign_key("challenge_id", "challenges", ForeignKeyAction::Cascade)
        .index(&["challenge_id"])
        .index(&["next_attempt_at", "id"]);
});
