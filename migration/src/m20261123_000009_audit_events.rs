//! Who did what to whom.

use crate::table::{CreateTable, optional_uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "audit_events", |table| {
    table
        .id()
        .time("at")
        .column(optional_uuid("actor_id"))
        .choice("actor_role", &["admin", "manager", "customer", "system", "anonymous"])
        // No CHECK: a new release may add kinds, and SQLite cannot change a CHECK.
        .text("action", 64)
        .column(optional_uuid("subject_id"))
        .json("changes")
        .optional_text("request_id", 255)
        .optional_text("address", 45)
        // No foreign keys, because the ids outlive the people. One index for each filter, in the order of the list.
        .index(&["at", "id"])
        .index(&["subject_id", "at", "id"])
        .index(&["actor_id", "at", "id"])
        .index(&["actor_id", "action", "at", "id"])
        .index(&["action", "at", "id"]);
});
