//! API keys, with which programs act as members of the staff.

use sea_orm_migration::sea_query::ForeignKeyAction;

use crate::table::{CreateTable, digest, uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "api_keys", |table| {
    table
        .id()
        .column(uuid("owner_id"))
        .choice("owner_role", &["admin", "manager"])
        .text("name", 120)
        // Names with spaces between them. There is no CHECK, since new releases bring new names.
        .text("scopes", 1000)
        // At most 50, each of at most 43 characters.
        .text("networks", 2200)
        .column(digest("digest"))
        .time("created_at")
        .time("expires_at")
        .optional_time("last_used_at")
        .foreign_key("owner_id", "users", ForeignKeyAction::Cascade)
        .index(&["owner_id", "created_at", "id"])
        .index(&["expires_at"]);
});
