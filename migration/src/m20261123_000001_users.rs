//! Everyone: what staff and customers have in common.

use sea_orm_migration::sea_query::{Expr, ExprTrait};

use crate::table::{CreateTable, boolean, counter};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "users", |table| {
    table
        .id()
        .choice("role", &["admin", "manager", "customer"])
        .column(boolean("is_active"))
        .optional_text("display_name", 120)
        // The name in the form by which lists sort and search it. Rust folds it, because databases fold differently.
        // Folding makes 120 characters at most three times as long.
        .text_or("name_key", 360, "")
        .optional_time("verified_at")
        .time("created_at")
        .time("updated_at")
        .column(counter("version", 1))
        .check(&["version"], Expr::col("version").gte(1))
        // One index for each order of a list, with and without a filter by role.
        .index(&["created_at", "id"])
        .index(&["name_key", "id"])
        .index(&["role", "created_at", "id"])
        .index(&["role", "name_key", "id"]);
});
