//! `audit_events`: recorded with each change. The erasure of a person blanks their personal values in it.

use domain::UserId;
use domain::audit::{Changes, Event, blanked};
use domain::store::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect,
};
use uuid::Uuid;

use crate::entity::audit_event::{self, Model};
use crate::error::{Failure, Inconsistency, store_error};
use crate::sql::bulk;
use crate::transaction::Transaction;

pub(crate) async fn record(txn: &Transaction, event: &Event) -> Result<(), DbErr> {
    audit_event::Entity::insert(row(event)?).exec_without_returning(txn).await?;
    txn.note(std::slice::from_ref(event));
    Ok(())
}

pub(crate) async fn record_all(txn: &Transaction, events: &[Event]) -> Result<(), DbErr> {
    bulk::insert(txn, rows(events)?).await?;
    txn.note(events);
    Ok(())
}

/// The rows of events. Whoever inserts them notes them in the transaction.
pub(crate) fn rows(events: &[Event]) -> Result<Vec<audit_event::ActiveModel>, DbErr> {
    events.iter().map(row).collect()
}

fn row(event: &Event) -> Result<audit_event::ActiveModel, DbErr> {
    let changes = serde_json::to_value(&event.changes).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(audit_event::ActiveModel {
        id: Set(event.id.as_uuid()),
        at: Set(event.at),
        actor_id: Set(event.actor_id.map(domain::UserId::as_uuid)),
        actor_role: Set(event.actor_role.clone()),
        action: Set(event.kind.to_string()),
        subject_id: Set(event.subject_id.map(domain::UserId::as_uuid)),
        changes: Set(changes),
        request_id: Set(event.request_id.clone()),
        address: Set(event.address.map(|address| address.to_string())),
        key_id: Set(event.key_id.map(domain::ApiKeyId::as_uuid)),
    })
}

pub(crate) fn read(row: &QueryResult) -> Result<Event, StoreError> {
    let row = Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let wrong = Inconsistency::of("audit_events", row.id);
    let address = row.address.as_deref().map(str::parse).transpose();
    Ok(Event {
        id: row.id.into(),
        at: row.at,
        actor_id: row.actor_id.map(Into::into),
        key_id: row.key_id.map(Into::into),
        actor_role: row.actor_role,
        kind: row.action.parse().map_err(|_| wrong("unknown action"))?,
        subject_id: row.subject_id.map(Into::into),
        changes: serde_json::from_value(row.changes).map_err(|_| wrong("invalid changes"))?,
        request_id: row.request_id,
        address: address.map_err(|_| wrong("invalid address"))?,
    })
}

/// How many events one statement blanks.
const ENTRIES: u64 = 100;

/// The events whose address is the person's: what they did, and what somebody who was not signed in did to their
/// account, because that was most likely the person.
pub(crate) fn acted_from(id: UserId) -> [Condition; 2] {
    let by_them = Condition::all().add(audit_event::Column::ActorId.eq(id.as_uuid()));
    let about_them = Condition::all().add(audit_event::Column::SubjectId.eq(id.as_uuid()));
    [by_them, about_them.add(audit_event::Column::ActorId.is_null())]
        .map(|acted| acted.add(audit_event::Column::Address.is_not_null()))
}

pub(crate) async fn blank_addresses(txn: &Transaction, events: Condition) -> Result<(), Failure> {
    audit_event::Entity::update_many()
        .col_expr(audit_event::Column::Address, Option::<String>::None.into())
        .filter(events)
        .exec(txn)
        .await?;
    Ok(())
}

/// Blanks the personal values of a person in the audit trail: what events say about them, and the addresses from which
/// they acted.
pub(crate) async fn blank_events(txn: &Transaction, id: UserId) -> Result<(), Failure> {
    let is_about = || audit_event::Column::SubjectId.eq(id.as_uuid());
    for acted in acted_from(id) {
        blank_addresses(txn, acted).await?;
    }
    let mut after = Uuid::nil();
    loop {
        let events = audit_event::Entity::find()
            .select_only()
            .columns([audit_event::Column::Id, audit_event::Column::Changes])
            .filter(is_about())
            .filter(audit_event::Column::Id.gt(after))
            .order_by_asc(audit_event::Column::Id)
            .limit(ENTRIES)
            .into_tuple::<(Uuid, serde_json::Value)>()
            .all(txn)
            .await?;
        let Some((last, _)) = events.last() else { return Ok(()) };
        after = *last;
        blank_changes(txn, events).await?;
    }
}

/// Blanks all of these events with one statement, which gives each event its own changes without personal values.
async fn blank_changes(txn: &Transaction, events: Vec<(Uuid, serde_json::Value)>) -> Result<(), Failure> {
    let mut ids = Vec::new();
    let mut blank = CaseStatement::new();
    for (id, changes) in events {
        if let Some(changes) = without_personal_values(id, changes)? {
            blank = blank.case(audit_event::Column::Id.eq(id), Expr::from(changes));
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    audit_event::Entity::update_many()
        .col_expr(audit_event::Column::Changes, blank.into())
        .filter(audit_event::Column::Id.is_in(ids))
        .exec(txn)
        .await?;
    Ok(())
}

fn without_personal_values(id: Uuid, changes: serde_json::Value) -> Result<Option<serde_json::Value>, Failure> {
    let wrong = |_| Inconsistency { table: "audit_events", id: id.to_string(), problem: "invalid changes" };
    let changes: Changes = serde_json::from_value(changes).map_err(wrong)?;
    let blanked = blanked(&changes).map(serde_json::to_value).transpose();
    blanked.map_err(|error| DbErr::Json(error.to_string()).into())
}
