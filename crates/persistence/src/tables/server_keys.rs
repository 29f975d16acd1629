//! `server_keys`.

use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::store::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::{FromQueryResult, QueryResult};

use crate::entity::server_key;
use crate::error::{Inconsistency, store_error};

pub(crate) fn row(key: &StoredKey) -> server_key::ActiveModel {
    server_key::ActiveModel {
        id: Set(key.id.clone()),
        purpose: Set(key.purpose.to_string()),
        algorithm: Set(key.algorithm.map(|algorithm| algorithm.to_string())),
        secret: Set(key.secret.clone()),
        is_sealed: Set(key.is_sealed),
        created_at: Set(key.created_at),
        active_from: Set(key.active_from),
        retired_at: Set(key.retired_at),
    }
}

pub(crate) fn read(row: &QueryResult) -> Result<StoredKey, StoreError> {
    let row = server_key::Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let wrong = |problem| Inconsistency { table: "server_keys", id: row.id.clone(), problem };
    let purpose = row.purpose.parse().map_err(|_| wrong("unknown purpose"))?;
    let algorithm =
        row.algorithm.map(|algorithm| algorithm.parse().map_err(|_| wrong("unknown algorithm"))).transpose()?;
    // An instance of an older release makes Ed25519 keys, and does not say so.
    let algorithm = algorithm.or_else(|| (purpose == KeyPurpose::AccessToken).then_some(TokenAlgorithm::EdDsa));
    Ok(StoredKey {
        id: row.id,
        purpose,
        algorithm,
        secret: row.secret,
        is_sealed: row.is_sealed,
        created_at: row.created_at,
        active_from: row.active_from,
        retired_at: row.retired_at,
    })
}
