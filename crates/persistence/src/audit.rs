//! The audit trail, written with what it records.

use domain::audit::Event;
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait};

use crate::entity::audit_event;

pub(crate) mod count;
/// How many entries one statement writes.
const ROWS: usize = 500;

pub(crate) async fn record(txn: &DatabaseTransaction, event: &Event) -> Result<(), DbErr> {
    record_all(txn, std::slice::from_ref(event)).await
}

pub(crate) async fn record_all(txn: &DatabaseTransaction, events: &[Event]) -> Result<(), DbErr> {
    // A statement of SQLite holds at most 32,766 values, and other backends get slow long before.
    for chunk in events.chunks(ROWS) {
        let rows = chunk.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        audit_event::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    count::note(events);
    Ok(())
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
    })
}
