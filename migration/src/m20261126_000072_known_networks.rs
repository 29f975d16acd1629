//! Networks from which somebody was signed in.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::ForeignKeyAction;
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, digest, drop, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "known_networks")
            // A keyed hash of the network and the person: the address itself is not kept.
            .column(digest("network_digest"))
            .primary_key(&["network_digest"])
            .column(uuid("user_id"))
            .time("expires_at")
            .foreign_key("user_id", "users", ForeignKeyAction::Cascade)
            .index(&["user_id"])
            .index(&["expires_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "known_networks").await
    }
}
