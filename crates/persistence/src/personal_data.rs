//! Everything that is kept about one person.

use domain::audit::Event;
use domain::store::StoreError;
use domain::{PersonalData, Scope, User, UserId};
use sea_orm::sea_query::{Expr, Func, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, Iterable};

use crate::entity::{audit_event, challenge, customer, session};
use crate::store::Store;
use crate::{audit_store, challenge_store, first_answer, notice_store, person, scope, session_store};

impl Store {
    pub(crate) async fn personal_data(
        &self,
        scope: Scope,
        id: UserId,
        max_events: u64,
    ) -> Result<Option<PersonalData>, StoreError> {
        let mut select = person::select();
        select.cond_where(crate::entity::user::Column::Id.eq(id.as_uuid())).cond_where(scope::condition(scope));
        let Some(user) = person::read_user(self.one(&select).await?.as_ref())? else { return Ok(None) };
        let (mut events, has_all_about) = self.events(about(id), max_events).await?;
        let (by_them, has_all_by) = self.events(by(id), max_events).await?;
        events.extend(by_them);
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        Ok(Some(PersonalData {
            sessions: self.all(&sessions(id)).await?.iter().map(session_store::read).collect::<Result<_, _>>()?,
            challenges: self
                .all(&challenges(&user))
                .await?
                .iter()
                .map(challenge_store::read_row)
                .collect::<Result<_, _>>()?,
            notices: self.all(&notice_store::of(id)).await?.iter().map(notice_store::read).collect::<Result<_, _>>()?,
            first_answer: self.one(&first_answer::about(id)).await?.as_ref().map(first_answer::read).transpose()?,
            events,
            has_all_events: has_all_about && has_all_by,
            created_customers: self.count(&customers(customer::Column::CreatedBy, id)).await?,
            assigned_customers: self.count(&customers(customer::Column::AssignedManagerId, id)).await?,
            user,
        }))
    }

    /// The newest entries that are meant, and whether those are all.
    async fn events(&self, meant: Condition, most: u64) -> Result<(Vec<Event>, bool), StoreError> {
        let select = Query::select()
            .columns(audit_event::Column::iter())
            .from(audit_event::Entity)
            .cond_where(meant)
            .order_by(audit_event::Column::Id, Order::Desc)
            .limit(most + 1)
            .take();
        let mut events = self.all(&select).await?.iter().map(audit_store::read).collect::<Result<Vec<_>, _>>()?;
        let has_all = events.len() as u64 <= most;
        if !has_all {
            events.pop();
        }
        Ok((events, has_all))
    }
}

fn customers(column: customer::Column, id: UserId) -> SelectStatement {
    let count = Func::count(Expr::col(customer::Column::Id));
    Query::select().expr_as(count, "total").from(customer::Entity).cond_where(column.eq(id.as_uuid())).take()
}

fn about(id: UserId) -> Condition {
    Condition::all().add(audit_event::Column::SubjectId.eq(id.as_uuid()))
}

/// What they did to others, or to nobody.
fn by(id: UserId) -> Condition {
    let others = Condition::any()
        .add(audit_event::Column::SubjectId.ne(id.as_uuid()))
        .add(audit_event::Column::SubjectId.is_null());
    Condition::all().add(audit_event::Column::ActorId.eq(id.as_uuid())).add(others)
}

fn sessions(id: UserId) -> SelectStatement {
    Query::select()
        .columns(session::Column::iter())
        .from(session::Entity)
        .cond_where(session::Column::UserId.eq(id.as_uuid()))
        .order_by(session::Column::CreatedAt, Order::Desc)
        .order_by(session::Column::Id, Order::Desc)
        .take()
}

fn challenges(user: &User) -> SelectStatement {
    Query::select()
        .columns(challenge::Column::iter())
        .from(challenge::Entity)
        .cond_where(challenge_store::asked_for(user))
        .order_by(challenge::Column::Id, Order::Desc)
        .take()
}
