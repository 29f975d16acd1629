//! Keys that all instances of the server share.

use crate::table::{CreateTable, boolean, bytes};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "server_keys", |table| {
    table
        .text("id", 128)
        .primary_key(&["id"])
        .choice("purpose", &["access_token", "codes"])
        .column(bytes("secret"))
        .column(boolean("is_sealed"))
        .time("created_at")
        .time("active_from")
        .optional_time("retired_at")
        .index(&["purpose"]);
});
