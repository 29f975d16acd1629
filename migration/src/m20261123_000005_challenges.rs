//! Requests for one-time codes.

use sea_orm_migration::sea_query::{ColumnDef, Expr, ExprTrait, ForeignKeyAction};

use crate::table::{CreateTable, digest, integer, optional_uuid};

const PURPOSES: &[&str] =
    &["customer_sign_up", "customer_sign_in", "staff_sign_up", "second_factor", "password_reset", "invitation"];

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "challenges", |table| {
    table
        .id()
        .choice("purpose", PURPOSES)
        .column(digest("subject"))
        .column(optional_uuid("user_id"))
        .choice("channel", &["whatsapp", "email", "phone"])
        // Empty for a decoy.
        .text("contact", 255)
        .column(digest("code_digest"))
        .column(integer("tries"))
        .time("created_at")
        .time("expires_at")
        .optional_time("used_at")
        .column(ColumnDef::new("pending").json_binary().null().take())
        .check(&["tries"], Expr::col("tries").between(0, 5))
        .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
        // One challenge at a time for each purpose and contact.
        .unique(&["purpose", "subject"])
        .index(&["user_id"])
        .index(&["expires_at"]);
});
