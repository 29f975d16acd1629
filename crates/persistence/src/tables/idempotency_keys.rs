//! `idempotency_keys`: the answers to idempotent requests.

use domain::idempotency::{IdempotentRequest, StoredAnswer};
use domain::session::Digest;
use domain::store::StoreError;
use domain::{Timestamp, User, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryResult, QueryTrait};

use crate::entity::idempotency_key::{ActiveModel, Column, Entity, Model};
use crate::error::{Failure, Inconsistency, store_error};
use crate::transaction::Transaction;

/// Stores an answer. The unique index refuses a key that has an answer already.
pub(crate) async fn insert(txn: &Transaction, about: &User, first: &StoredAnswer) -> Result<(), Failure> {
    let expired = Entity::delete_many().filter(has_key(&first.request)).filter(Column::ExpiresAt.lte(about.created_at));
    expired.exec(txn).await?;
    let row = ActiveModel {
        user_id: Set(about.id.as_uuid()),
        caller_id: Set(first.request.caller.as_uuid()),
        key_digest: Set(first.request.key.to_vec()),
        request_digest: Set(first.request.request.to_vec()),
        answer: Set(first.answer.clone().into_bytes()),
        expires_at: Set(first.expires_at),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

pub(crate) fn find(request: &IdempotentRequest, now: Timestamp) -> SelectStatement {
    Entity::find().filter(has_key(request)).filter(Column::ExpiresAt.gt(now)).into_query()
}

/// Selects the answer that shows the person, even if it has expired.
pub(crate) fn about(id: UserId) -> SelectStatement {
    Entity::find_by_id(id.as_uuid()).into_query()
}

pub(crate) fn read(row: &QueryResult) -> Result<StoredAnswer, StoreError> {
    let row = Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let wrong = Inconsistency::of("idempotency_keys", row.user_id);
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    Ok(StoredAnswer {
        request: IdempotentRequest {
            caller: row.caller_id.into(),
            key: digest(row.key_digest)?,
            request: digest(row.request_digest)?,
        },
        answer: String::from_utf8(row.answer).map_err(|_| wrong("the answer is no text"))?,
        expires_at: row.expires_at,
    })
}

fn has_key(request: &IdempotentRequest) -> Condition {
    Condition::all().add(Column::CallerId.eq(request.caller.as_uuid())).add(Column::KeyDigest.eq(request.key.to_vec()))
}
