//! Rows that a transaction locks while it decides what no constraint can decide. On every backend, transactions that
//! update the same row wait for each other.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{OnConflict, Query};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, counter, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "locks")
            .text("name", 32)
            .primary_key(&["name"])
            .column(counter("holder", 0))
            .create(manager)
            .await?;
        let insert = Query::insert()
            .into_table("locks")
            .columns(["name"])
            .values_panic(["admins".into()])
            .values_panic(["keys".into()])
            .values_panic(["housekeeping".into()])
            .on_conflict(OnConflict::column("name").do_nothing_on(["name"]).to_owned())
            .take();
        manager.get_connection().execute(&insert).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "locks").await
    }
}
