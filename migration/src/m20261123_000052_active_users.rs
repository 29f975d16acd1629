//! An index that finds the few inactive users among the many active ones.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::changes::{add_index, drop_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: &[&str] = &["is_active", "created_at", "id"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_index(manager, "users", COLUMNS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "users", COLUMNS).await
    }
}
