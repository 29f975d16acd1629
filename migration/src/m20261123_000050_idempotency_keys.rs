//! Requests that were carried out under an idempotency key, and their answers.

use sea_orm_migration::sea_query::ForeignKeyAction;

use crate::table::{CreateTable, bytes, digest, uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "idempotency_keys", |table| {
    table
        // The user whom the request created. The answer shows them, so it is deleted with them.
        .column(uuid("user_id"))
        .primary_key(&["user_id"])
        .column(uuid("caller_id"))
        .column(digest("key_digest"))
        .column(digest("request_digest"))
        .column(bytes("answer"))
        .time("expires_at")
        .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
        .foreign_key("caller_id", "users", ForeignKeyAction::Cascade)
        .unique(&["caller_id", "key_digest"])
        .index(&["expires_at"]);
});
