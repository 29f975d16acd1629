//! With which other messages a message takes turns: keyed hashes of its contact, of who asked for it, and of the
//! network from which they asked.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::changes::{add_column, add_index, drop_column, drop_index};
use crate::table::{boolean, optional_digest};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "outbox";
const DIGESTS: [&str; 3] = ["contact", "asker", "network"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Messages from before the migration have none of these, and take no turns.
        for name in DIGESTS {
            add_column(manager, TABLE, optional_digest(name)).await?;
        }
        add_column(manager, TABLE, boolean("has_account").default(false).take()).await?;
        add_index(manager, TABLE, &["contact"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, TABLE, &["contact"]).await?;
        for name in DIGESTS.into_iter().chain(["has_account"]) {
            drop_column(manager, TABLE, name).await?;
        }
        Ok(())
    }
}
