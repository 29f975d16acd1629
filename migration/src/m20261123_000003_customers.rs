//! The profile of customers.

use sea_orm_migration::sea_query::ForeignKeyAction;

use crate::table::{CreateTable, optional_uuid, uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "customers", |table| {
    table
        .id()
        .text("phone", 20)
        .column(uuid("created_by"))
        .column(optional_uuid("assigned_manager_id"))
        .json_object("metadata")
        // Always equal to that of the person, so that the indexes below give lists their order without another table.
        .time("created_at")
        .time("updated_at")
        // The profile is a part of its person and is deleted with them.
        .foreign_key("id", "users", ForeignKeyAction::Cascade)
        // Customers are given to others before the user who entered them, or who looks after them, is deleted.
        .foreign_key("created_by", "users", ForeignKeyAction::Restrict)
        .foreign_key("assigned_manager_id", "users", ForeignKeyAction::Restrict)
        .unique(&["phone"])
        .index(&["assigned_manager_id", "created_at", "id"])
        .index(&["created_by", "created_at", "id"]);
});
