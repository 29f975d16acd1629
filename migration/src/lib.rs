//! The schema of Clientele and its history: one set of migrations for SQLite,
//! PostgreSQL and MySQL/MariaDB.
//!
//! The effect of a released migration never changes. One migration makes one table, because MySQL commits every
//! statement of it at once and cannot roll back half of a migration.
//!
//! This crate must not know the entities. They show the schema as it is now; a migration shows it as it was on its day.

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

mod changes;
mod m20261123_000001_users;
mod m20261123_000002_admin_managers;
mod m20261123_000003_customers;
mod m20261123_000004_sessions;
mod m20261123_000005_challenges;
mod m20261123_000006_outbox;
mod m20261123_000007_server_keys;
mod m20261123_000008_setup_tokens;
mod m20261123_000009_audit_events;
mod m20261123_000010_audit_events_append_only;
mod m20261123_000011_locks;
mod m20261123_000040_attempts;
mod m20261123_000050_idempotency_keys;
mod m20261123_000051_customer_names;
mod m20261123_000052_active_users;
mod m20261125_000060_email_keys;
mod m20261126_000070_json_checks;
mod m20261126_000072_known_networks;
mod m20261126_000073_message_turns;
mod m20261126_000075_proven_sessions;
mod m20261126_000076_signups;
mod m20261126_000077_notices;
mod m20261126_000079_canonical_emails;
mod m20261126_000080_blank_names;
mod m20261126_000082_key_algorithms;
mod m20261126_000083_api_keys;
mod m20261126_000084_acting_keys;
mod table;

/// Brings a database to the schema that this program knows, and back.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_users::MIGRATION),
            Box::new(m20261123_000002_admin_managers::MIGRATION),
            Box::new(m20261123_000003_customers::MIGRATION),
            Box::new(m20261123_000004_sessions::MIGRATION),
            Box::new(m20261123_000005_challenges::MIGRATION),
            Box::new(m20261123_000006_outbox::MIGRATION),
            Box::new(m20261123_000007_server_keys::MIGRATION),
            Box::new(m20261123_000008_setup_tokens::MIGRATION),
            Box::new(m20261123_000009_audit_events::MIGRATION),
            Box::new(m20261123_000010_audit_events_append_only::Migration),
            Box::new(m20261123_000011_locks::Migration),
            Box::new(m20261123_000040_attempts::MIGRATION),
            Box::new(m20261123_000050_idempotency_keys::MIGRATION),
            Box::new(m20261123_000051_customer_names::Migration),
            Box::new(m20261123_000052_active_users::Migration),
            Box::new(m20261125_000060_email_keys::Migration),
            Box::new(m20261126_000070_json_checks::Migration),
            Box::new(m20261126_000072_known_networks::MIGRATION),
            Box::new(m20261126_000073_message_turns::Migration),
            Box::new(m20261126_000075_proven_sessions::Migration),
            Box::new(m20261126_000076_signups::Migration),
            Box::new(m20261126_000077_notices::MIGRATION),
            Box::new(m20261126_000079_canonical_emails::Migration),
            Box::new(m20261126_000080_blank_names::Migration),
            Box::new(m20261126_000082_key_algorithms::Migration),
            Box::new(m20261126_000083_api_keys::MIGRATION),
            Box::new(m20261126_000084_acting_keys::Migration),
        ]
    }
}
