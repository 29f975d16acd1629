//! Callers, looked up together.
//!
//! Every request asks first who calls. Those that ask while another look-up of their thread is under way wait for it, and
//! are then answered by one query for all of them. That costs the database and this process a fraction of a query each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{iter, mem};

use domain::store::{SessionOwner, StoreError};
use domain::{SessionId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, SelectStatement, Value, Values};
use sea_orm::{ColumnTrait, DbBackend, Statement};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::cells::{Cells, FromCells};
use crate::entity::{session, user};
use crate::error::store_error;
use crate::sql::text;
use crate::store::Store;
use crate::tables::people;

/// Most look-ups of one query.
const MOST: usize = 64;
/// So many ids are asked for, some of them twice, so that few texts have to be kept prepared.
const STEPS: [usize; 4] = [1, 4, 16, MOST];
/// How long a look-up may take. It is by primary key, and a request whose caller is not known by then is told so.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(2);

/// The look-ups of one thread.
#[derive(Default)]
pub(crate) struct Callers(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    is_asking: bool,
    waiting: VecDeque<Waiting>,
}

/// A look-up that waits for the query of another one.
struct Waiting {
    id: SessionId,
    word: oneshot::Sender<Word>,
}

/// What one who waits is told.
enum Word {
    Found(Option<SessionOwner>),
    Ask(Turn),
}

/// The turn to ask. When it is over, the next one who waits gets it, also if its holder was given up.
struct Turn(Arc<Callers>);

impl Callers {
    /// Whose session this is, if they are active. Whether it has expired is the caller's to see.
    pub(crate) async fn find(
        self: &Arc<Self>,
        store: &Store,
        id: SessionId,
    ) -> Result<Option<SessionOwner>, StoreError> {
        match self.enter(id) {
            Ok(turn) => turn.ask(store, id).await,
            Err(word) => match word.await {
                Ok(Word::Found(owner)) => Ok(owner),
                Ok(Word::Ask(turn)) => turn.ask(store, id).await,
                // The query failed, or nobody waited for it to its end.
                Err(_) => find_one(store, id).await,
            },
        }
    }

    fn enter(self: &Arc<Self>, id: SessionId) -> Result<Turn, oneshot::Receiver<Word>> {
        let mut queue = self.queue();
        if !mem::replace(&mut queue.is_asking, true) {
            return Ok(Turn(Arc::clone(self)));
        }
        let (word, told) = oneshot::channel();
        queue.waiting.push_back(Waiting { id, word });
        Err(told)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Asks for oneself and for those who wait.
    async fn ask(self, store: &Store, id: SessionId) -> Result<Option<SessionOwner>, StoreError> {
        let others: Vec<_> = {
            let mut queue = self.0.queue();
            let count = queue.waiting.len().min(MOST - 1);
            queue.waiting.drain(..count).collect()
        };
        if others.is_empty() {
            return find_one(store, id).await;
        }
        let ids: Vec<_> = others.iter().map(|other| other.id).chain([id]).collect();
        let mut found = find_all(store, &ids).await?;
        for other in others {
            // Requests of one session may wait at the same time. Whoever has gone needs no answer.
            let _ = other.word.send(Word::Found(found.get(&other.id).cloned()));
        }
        Ok(found.remove(&id))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        while let Some(next) = queue.waiting.pop_front() {
            if !next.word.is_closed() {
                drop(queue);
                // One who goes at this very moment drops the turn with the word, which brings it here again.
                let _ = next.word.send(Word::Ask(Turn(Arc::clone(&self.0))));
                return;
            }
        }
        queue.is_asking = false;
    }
}

/// Whose session this is, if they are active.
pub(crate) async fn find_one(store: &Store, id: SessionId) -> Result<Option<SessionOwner>, StoreError> {
    Ok(store.little_of(store.lookups.of(&[id])).await?.pop().map(|Found(_, owner)| owner))
}

async fn find_all(store: &Store, ids: &[SessionId]) -> Result<HashMap<SessionId, SessionOwner>, StoreError> {
    let found = store.little_of(store.lookups.of(ids)).await?;
    Ok(found.into_iter().map(|Found(id, owner)| (id, owner)).collect())
}

/// The queries for one caller and for several. To make one takes longer than to read its answer.
pub(crate) struct Lookups([Statement; STEPS.len()]);

impl Lookups {
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self(STEPS.map(|count| text::statement(backend, &select(count))))
    }

    /// The query for these sessions.
    fn of(&self, ids: &[SessionId]) -> Statement {
        let step = STEPS.iter().position(|step| *step >= ids.len()).unwrap_or(STEPS.len() - 1);
        let asked = ids.iter().chain(ids.last().into_iter().cycle()).map(|id| Value::from(id.as_uuid()));
        let mut query = self.0[step].clone();
        let places = query.values.iter_mut().flat_map(|Values(values)| values.iter_mut());
        places.take(STEPS[step]).zip(asked).for_each(|(place, id)| *place = id);
        query
    }
}

/// Sessions and their owners. The ids of so many sessions are the first values of the query.
fn select(count: usize) -> SelectStatement {
    let is_owner = Expr::col((user::Entity, user::Column::Id)).equals((session::Entity, session::Column::UserId));
    let mut select = people::select();
    select
        .column((session::Entity, session::Column::Id))
        .column((session::Entity, session::Column::ExpiresAt))
        .join(JoinType::InnerJoin, session::Entity, is_owner)
        .cond_where(session::Column::Id.is_in(iter::repeat_n(Uuid::nil(), count)))
        .cond_where(user::Column::IsActive.eq(true));
    select
}

/// A row of [`select`].
struct Found(SessionId, SessionOwner);

impl FromCells for Found {
    fn read(row: &impl Cells) -> Result<Self, StoreError> {
        let own = || Ok((row.cell::<Uuid>(people::COLUMNS)?, row.cell::<Timestamp>(people::COLUMNS + 1)?));
        let (session, expires_at) = own().map_err(|error| store_error(&error))?;
        Ok(Self(session.into(), SessionOwner { user: people::read(row)?, expires_at }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_asks_for_each_session_and_nobody_else() {
        for backend in [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite] {
            let lookups = Lookups::new(backend);
            for count in 1..=MOST {
                let ids: Vec<SessionId> = (1..=count).map(|id| Uuid::from_u128(id as u128).into()).collect();
                let Values(values) = lookups.of(&ids).values.unwrap();
                let (active, asked) = values.split_last().unwrap();
                assert_eq!(*active, Value::from(true));
                assert!(STEPS.contains(&asked.len()));
                for (place, value) in asked.iter().enumerate() {
                    assert_eq!(*value, Value::from(ids[place.min(count - 1)].as_uuid()), "{backend:?}");
                }
            }
        }
    }
}
