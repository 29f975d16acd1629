//! Everything that is kept about one person.

use std::cmp::Reverse;

use async_trait::async_trait;
use domain::audit::{EventCursor, EventFilter, EventPage, EventQuery};
use domain::store::{AuditStore, PersonalDataStore, StoreError, UserStore};
use domain::{PageSize, PersonalData, Scope, User, UserId};
use sea_orm::sea_query::{Expr, Func, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Iterable};

use crate::entity::{challenge, customer};
use crate::store::Store;
use crate::tables::{challenges, idempotency_keys, notices, sessions};

#[async_trait]
impl PersonalDataStore for Store {
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError> {
        let Some(user) = self.find_user(scope, id).await? else { return Ok(None) };
        Ok(Some(PersonalData {
            sessions: self.all(&sessions::of(id)).await?.iter().map(sessions::read).collect::<Result<_, _>>()?,
            challenges: self
                .all(&challenges(&user))
                .await?
                .iter()
                .map(challenges::read_row)
                .collect::<Result<_, _>>()?,
            notices: self.all(&notices::of(id)).await?.iter().map(notices::read).collect::<Result<_, _>>()?,
            stored_answer: self
                .one(&idempotency_keys::about(id))
                .await?
                .as_ref()
                .map(idempotency_keys::read)
                .transpose()?,
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

fn challenges(user: &User) -> SelectStatement {
    Query::select()
        .columns(challenge::Column::iter())
        .from(challenge::Entity)
        .cond_where(challenges::asked_for(user))
        .order_by(challenge::Column::Id, Order::Desc)
        .take()
}
