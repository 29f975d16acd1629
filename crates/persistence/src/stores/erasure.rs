//! Erasing people, and reading the data that is stored about them.
//!
//! Somebody may have entered 300,000 customers. One transaction could not give them to the heir within the time limit
//! of a statement, and every other writer of SQLite would wait. So short transactions do most of the work before the
//! erasure.

use std::cmp::Reverse;

use async_trait::async_trait;
use domain::actor::Authority;
use domain::audit::{EventCursor, EventFilter, EventPage, EventQuery};
use domain::store::{AuditStore, Erasure, ErasureStore, PersonalDataStore, StoreError, UserStore, WriteError};
use domain::{PageSize, PersonalData, Scope, Timestamp, UserId};
use sea_orm::sea_query::{Expr, Func, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use crate::entity::{audit_event, challenge, customer};
use crate::error::Failure;
use crate::sql::keyset::{Place, comes_after};
use crate::steps::erasure;
use crate::store::Store;
use crate::tables::{api_keys, audit_events, challenges, idempotency_keys, notices, sessions};
use crate::transaction::Transaction;

#[async_trait]
impl ErasureStore for Store {
    /// Each step is a transaction that checks again that the person may be erased. The erasure itself does the last
    /// rows, so that most erasures are only one transaction.
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        while self.write(move |txn| async move { bequeath_some(&txn, by, erasure).await }).await? {}
        for acted in audit_events::acted_from(erasure.user.id) {
            let mut after = None;
            loop {
                let acted = &acted;
                let step = self.write(move |txn| async move { blank_some(&txn, (by, erasure), acted, after).await });
                after = step.await?;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.write(move |txn| async move { erasure::erase(&txn, by, erasure).await }).await
    }
}

/// How many rows one transaction changes.
const ROWS: u64 = 1000;

/// The time and the id of an event: its position among the events of its actor.
type At = (Timestamp, Uuid);

/// Gives some customers to the heir. Answers whether there may be more.
async fn bequeath_some(txn: &Transaction, by: &Authority, erasure: &Erasure) -> Result<bool, Failure> {
    let (_, heir) = erasure::hold_erasable(txn, by, erasure).await?;
    let mut ids: Vec<Uuid> = customer::Entity::find()
        .select_only()
        .column(customer::Column::Id)
        .filter(erasure::entered_by(erasure.user.id))
        .order_by_asc(customer::Column::CreatedAt)
        .order_by_asc(customer::Column::Id)
        .limit(ROWS + 1)
        .into_tuple()
        .all(txn)
        .await?;
    if ids.len() as u64 <= ROWS {
        return Ok(false);
    }
    ids.pop();
    let customers = Condition::all().add(customer::Column::Id.is_in(ids));
    erasure::bequeath(txn, heir, customers, erasure.event.at).await?;
    Ok(true)
}

/// Blanks some events. Answers after which event the rest begins, if the rest is more than the erasure itself does.
async fn blank_some(
    txn: &Transaction,
    (by, erasure): (&Authority, &Erasure),
    acted: &Condition,
    after: Option<At>,
) -> Result<Option<At>, Failure> {
    erasure::hold_erasable(txn, by, erasure).await?;
    let mut events = audit_event::Entity::find()
        .select_only()
        .columns([audit_event::Column::At, audit_event::Column::Id])
        .filter(acted.clone());
    // Continues after the last event, or each step would read again what the steps before it have blanked.
    if let Some((at, id)) = after {
        let (at, id) =
            (Place::new(audit_event::Column::At.into_expr(), at), Place::new(audit_event::Column::Id.into_expr(), id));
        events = events.filter(comes_after(txn.get_database_backend(), at, id, false));
    }
    let mut events: Vec<At> = events
        .order_by_asc(audit_event::Column::At)
        .order_by_asc(audit_event::Column::Id)
        .limit(ROWS + 1)
        .into_tuple()
        .all(txn)
        .await?;
    if events.len() as u64 <= ROWS {
        return Ok(None);
    }
    events.pop();
    let ids = events.iter().map(|(_, id)| *id);
    audit_events::blank_addresses(txn, Condition::all().add(audit_event::Column::Id.is_in(ids))).await?;
    Ok(events.last().copied())
}

#[async_trait]
impl PersonalDataStore for Store {
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError> {
        let Some(user) = self.find_user(scope, id).await? else { return Ok(None) };
        let codes = challenge::Entity::find().filter(challenges::asked_for(&user)).order_by_desc(challenge::Column::Id);
        let codes = self.all(&codes.into_query()).await?;
        let answer = self.one(&idempotency_keys::about(id)).await?;
        Ok(Some(PersonalData {
            sessions: self.all(&sessions::of(id)).await?.iter().map(sessions::read).collect::<Result<_, _>>()?,
            api_keys: self.all(&api_keys::of(Some(id))).await?.iter().map(api_keys::read).collect::<Result<_, _>>()?,
            challenges: codes.iter().map(challenges::read_row).collect::<Result<_, _>>()?,
            notices: self.all(&notices::of(id)).await?.iter().map(notices::read).collect::<Result<_, _>>()?,
            stored_answer: answer.as_ref().map(idempotency_keys::read).transpose()?,
            created_customers: self.count(&customers(customer::Column::CreatedBy, id)).await?,
            assigned_customers: self.count(&customers(customer::Column::AssignedManagerId, id)).await?,
            user,
        }))
    }

    /// Two lists, each out of its index, and the newest of both: one list of "about or by" has no index.
    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError> {
        if self.find_user(scope, id).await?.is_none() {
            return Ok(None);
        }
        let about = EventFilter { subject: Some(id), ..EventFilter::default() };
        let by = EventFilter { actor: Some(id), ..EventFilter::default() };
        let (mut items, mut has_more) = (Vec::new(), false);
        for filter in [about, by] {
            let page = self.list_events(Scope::All, &EventQuery { filter, after, size, include_total: false }).await?;
            has_more |= page.next.is_some();
            items.extend(page.items);
        }
        items.sort_by_key(|event| Reverse(EventCursor::at(event)));
        // What somebody did to themselves is on both.
        items.dedup_by_key(|event| event.id);
        has_more |= items.len() > size.get();
        items.truncate(size.get());
        let next = items.last().filter(|_| has_more).map(EventCursor::at);
        Ok(Some(EventPage { items, next, total: None }))
    }
}

fn customers(column: customer::Column, id: UserId) -> SelectStatement {
    let count = Func::count(Expr::col(customer::Column::Id));
    Query::select().expr_as(count, "total").from(customer::Entity).cond_where(column.eq(id.as_uuid())).take()
}
