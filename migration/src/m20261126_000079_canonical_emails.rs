//! Writes each e-mail in its canonical form, with its domain in A-labels, so that two spellings of one mailbox are
//! equal. The key that a search uses gets the form that people write.

use std::collections::BTreeMap;

use caseless::default_case_fold_str;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use sea_orm_migration::sea_orm::prelude::Uuid;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, Query};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};
use unicode_normalization::UnicodeNormalization;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "admin_managers";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let rows = others_than_ascii(manager).await?;
        refuse_collisions(manager, &rows).await?;
        for row in &rows {
            write(manager, row).await?;
        }
        Ok(())
    }

    /// Does nothing, because earlier releases read the canonical form too.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// An e-mail that is not in its canonical form, or whose key is not the form that people write.
struct Row {
    id: Uuid,
    stored: String,
    canonical: String,
    key: String,
}

/// Reads the e-mails of all staff, who are few.
async fn others_than_ascii(manager: &SchemaManager<'_>) -> Result<Vec<Row>, DbErr> {
    let select = Query::select().columns(["id", "email", "email_key"]).from(TABLE).take();
    let mut rows = Vec::new();
    for row in manager.get_connection().query_all(&select).await? {
        let (id, stored): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "email")?);
        let Some(canonical) = canonical(&stored) else {
            tracing::warn!(user_id = %id, "the domain of an e-mail is not valid, so no mail reaches it; the e-mail stays as it is");
            continue;
        };
        let key = key(&canonical);
        if canonical != stored || key != row.try_get::<String>("", "email_key")? {
            rows.push(Row { id, stored, canonical, key });
        }
    }
    Ok(rows)
}

/// Fails, before anything is written, when two people have the same mailbox. Only people can decide whose it is.
async fn refuse_collisions(manager: &SchemaManager<'_>, rows: &[Row]) -> Result<(), DbErr> {
    let mut owners = BTreeMap::new();
    let mut collisions = Vec::new();
    for row in rows.iter().filter(|row| row.canonical != row.stored) {
        let select = Query::select().column("id").from(TABLE).and_where(Expr::col("email").eq(&row.canonical)).take();
        let other = match manager.get_connection().query_one(&select).await? {
            Some(other) => Some(other.try_get("", "id")?),
            None => owners.insert(&row.canonical, row.id),
        };
        collisions.extend(other.map(|other| format!("{other} and {}", row.id)));
    }
    if collisions.is_empty() {
        return Ok(());
    }
    let message = format!(
        "staff have one e-mail in two spellings, with and without xn--: {}; nothing was changed. With the previous \
         release, give one of each two another e-mail, or erase them; then start again",
        collisions.join(", ")
    );
    Err(DbErr::Migration(message))
}

async fn write(manager: &SchemaManager<'_>, row: &Row) -> Result<(), DbErr> {
    let update = Query::update()
        .table(TABLE)
        .value("email", &row.canonical)
        .value("email_key", &row.key)
        .and_where(Expr::col("id").eq(row.id))
        .take();
    manager.get_connection().execute(&update).await?;
    Ok(())
}

/// The canonical form of `domain::Email` on the day of this migration. A test keeps them equal.
fn canonical(stored: &str) -> Option<String> {
    let (local, domain) = stored.rsplit_once('@')?;
    let labels = Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Verify);
    Some(format!("{local}@{}", labels.ok()?))
}

/// The same as `domain::page::email_key` on the day of this migration. A test keeps them equal.
fn key(canonical: &str) -> String {
    let (local, domain) = canonical.rsplit_once('@').unwrap_or((canonical, ""));
    let (shown, _) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    let decomposed: String = format!("{local}@{shown}").nfd().collect();
    default_case_fold_str(&decomposed).nfc().collect()
}
