//! Who did what to whom.

use crate::table::{CreateTable, optional_uuid};

pub(crate) const MIGRATION: CreateTable = CreateTable::new(module_path!(), "audit_events", |table| {
    table
        .id()
        .time("at")
        .column(optional_uuid("actor_id"))
        .choice("actor_role", &["admin", "manager", "customer", "system", "anonymous"])
        // No CHECK: new kinds come with new releases, and SQLite can't change one.
        .text("action", 64)
        .column(optional_uuid("subject_id"))
        .json("changes")
        .optional_text("request_id", 255)
        .optional_text("address", 45)
        // No foreign keys: the ids outlive the people. One index for each filter, in the order of the list.
        .index(&["at", "id"])
        .index(&["subject_id", "at", "id"])
        .index(&["actor_id", "at", "id"])
        .index(&["actor_id", "action", "at", "id"])
        .index(&["action", "at", "id"]);
});
