//! Who is signed in where.

use sea_orm_migration::sea_query::{Expr, ExprTrait, ForeignKeyAction};

use crate::table::{CreateTable, counter, digest, optional_digest, uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "sessions", |table| {
    table
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
        .index(&["expires_at"]);
});
