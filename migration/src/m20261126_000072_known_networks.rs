//! Networks from which somebody has signed in.

use sea_orm_migration::sea_query::ForeignKeyAction;

use crate::table::{CreateTable, digest, uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "known_networks", |table| {
    table
        // A keyed hash of the network and the person: the address itself is not kept.
        .column(digest("network_digest"))
        .primary_key(&["network_digest"])
        .column(uuid("user_id"))
        .time("expires_at")
        .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
        .index(&["user_id"])
        .index(&["expires_at"]);
});
