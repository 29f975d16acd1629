//! The profile of admins and managers.

use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};

use crate::table::CreateTable;

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "admin_managers", |table| {
    table
        .id()
        .text("email", 255)
        .text("password_hash", 255)
        .optional_text("tin_trunk_number", 50)
        .choice("verification_method", &["whatsapp", "email", "phone"])
        .optional_text("phone", 20)
        .time("created_at")
        .time("updated_at")
        // The profile is a part of its person and is deleted with them.
        .foreign_key("id", "users", ForeignKeyAction::Cascade)
        // Codes by phone or WhatsApp need a phone.
        .check(&["phone"], Expr::col("verification_method").eq("email").or(Expr::col("phone").is_not_null()))
        .unique(&["email"])
        .index(&["phone"]);
});
