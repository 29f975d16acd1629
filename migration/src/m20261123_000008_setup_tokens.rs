//! Tokens that let their bearer become the first admin.

use crate::table::{CreateTable, digest};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "setup_tokens", |table| {
    table.column(digest("digest")).primary_key(&["digest"]).time("created_at");
});
