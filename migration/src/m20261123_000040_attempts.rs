//! Counters of attempts that have a limit.

use sea_orm_migration::sea_query::{Expr, ExprTrait};

use crate::table::{CreateTable, digest, integer};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "attempts", |table| {
    table
        .column(digest("subject"))
        .primary_key(&["subject"])
        .column(integer("count"))
        .column(integer("pending"))
        .time("not_before")
        .time("expires_at")
        .check(&["count"], Expr::col("count").gte(0))
        .check(&["pending"], Expr::col("pending").gte(0))
        .index(&["expires_at"]);
});
