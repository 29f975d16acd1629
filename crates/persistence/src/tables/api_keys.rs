//! `api_keys`.

use domain::session::Digest;
use domain::store::{StoreError, WriteError};
use domain::{ApiKey, DisplayName, KeyScopes, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, Iden, Iterable, PaginatorTrait, QueryFilter, QueryResult};

use crate::entity::api_key;
use crate::error::{Failure, Inconsistency, store_error};
use crate::transaction::Transaction;

/// How the columns of a key begin in a row that holds a person too.
const PREFIX: &str = "key_";

/// Selects the columns that [`read_prefixed`] reads.
pub(crate) fn prefixed_columns(select: &mut SelectStatement) {
    for column in api_key::Column::iter() {
        let name = format!("{PREFIX}{}", column.unquoted());
        select.expr_as(Expr::col((api_key::Entity, column)), name);
    }
}

/// Writes a key unless its owner has `most`. The caller holds the owner.
pub(crate) async fn insert(txn: &Transaction, key: &ApiKey, most: u64) -> Result<(), Failure> {
    let theirs = api_key::Entity::find().filter(api_key::Column::OwnerId.eq(key.owner_id.as_uuid()));
    if theirs.count(txn).await? >= most {
        return Err(WriteError::TooManyKeys.into());
    }
    let networks: Vec<_> = key.networks.iter().map(ToString::to_string).collect();
    let row = api_key::ActiveModel {
        id: Set(key.id.as_uuid()),
        owner_id: Set(key.owner_id.as_uuid()),
        owner_role: Set(key.owner_role.to_string()),
        name: Set(key.name.to_string()),
        scopes: Set(key.scopes.to_string()),
        networks: Set(networks.join(" ")),
        digest: Set(key.digest.to_vec()),
        created_at: Set(key.created_at),
        expires_at: Set(key.expires_at),
        last_used_at: Set(key.last_used_at),
    };
    api_key::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

pub(crate) fn select() -> SelectStatement {
    Query::select().columns(api_key::Column::iter()).from(api_key::Entity).take()
}

/// Those of a person, or of all, newest first.
pub(crate) fn of(owner: Option<UserId>) -> SelectStatement {
    let mut select = select();
    if let Some(owner) = owner {
        select.cond_where(api_key::Column::OwnerId.eq(owner.as_uuid()));
    }
    select.order_by(api_key::Column::CreatedAt, Order::Desc).order_by(api_key::Column::Id, Order::Desc);
    select
}

pub(crate) fn read(row: &QueryResult) -> Result<ApiKey, StoreError> {
    read_at(row, "")
}

/// Reads the key of a row that holds a person too.
pub(crate) fn read_prefixed(row: &QueryResult) -> Result<ApiKey, StoreError> {
    read_at(row, PREFIX)
}

fn read_at(row: &QueryResult, prefix: &str) -> Result<ApiKey, StoreError> {
    let row = api_key::Model::from_query_result(row, prefix).map_err(|error| store_error(&error))?;
    let wrong = Inconsistency::of("api_keys", row.id);
    let networks = row.networks.split_whitespace().map(str::parse).collect::<Result<_, _>>();
    Ok(ApiKey {
        id: row.id.into(),
        owner_id: row.owner_id.into(),
        owner_role: row.owner_role.parse().map_err(|_| wrong("unknown role"))?,
        name: DisplayName::parse(&row.name).map_err(|_| wrong("invalid name"))?,
        scopes: KeyScopes::from_stored(&row.scopes),
        // One that is not read would leave a key without its bounds.
        networks: networks.map_err(|_| wrong("invalid networks"))?,
        digest: Digest::try_from(row.digest).map_err(|_| wrong("a digest has not 32 bytes"))?,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    })
}
