//! Pipelines give the same as other connections, and are left in time.

use std::sync::Arc;
use std::task::{Context, Waker};

use domain::audit::EventKind;
use domain::store::UserStore;
use domain::testing::{FixedClock, account, event};
use domain::{Authority, User};
use futures_util::future::join_all;
use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{ColumnTrait, DbBackend};
use tokio::time::sleep;
use tokio_postgres::SimpleQueryMessage;

use super::*;
use crate::entity::user;
use crate::file_reader::tests::{crowd, pages};
use crate::sql::text;
use crate::tables::people;
use crate::testing::TestDatabase;
use crate::{Database, Store};

struct Ground {
    test: TestDatabase,
    /// Open as long as the test.
    database: Database,
    store: Store,
    people: Vec<User>,
}

/// `None` without a server.
async fn ground(count: usize) -> Option<Ground> {
    let test = TestDatabase::postgres().await?.read_by_its_thread();
    let (database, clock) = (test.open().await, FixedClock::default());
    let (store, people) = (database.store(), crowd(&clock, count));
    for user in &people {
        let entered = event(&clock, EventKind::UserCreated, Some(user.id));
        store.create_account(&Authority::Unconditional, &account(user), &[entered]).await.unwrap();
    }
    Some(Ground { test, database, store, people })
}

impl Ground {
    async fn pipeline(&self) -> Arc<Pipeline> {
        self.store.readers.ready().await;
        self.store.readers.pipeline().expect("a pipeline")
    }

    async fn pipelined(&self, select: &SelectStatement) -> Option<Vec<User>> {
        self.pipeline().await.all(&text::statement(DbBackend::Postgres, select)).await
    }

    async fn as_usual(&self, select: &SelectStatement) -> Vec<User> {
        self.store.all(select).await.unwrap().iter().map(|row| people::read(row).unwrap()).collect()
    }

    async fn little(&self, select: &SelectStatement) -> usize {
        self.store.little::<User>(select).await.unwrap().len()
    }
}

fn person(user: &User) -> SelectStatement {
    people::select().cond_where(user::Column::Id.eq(user.id.as_uuid())).take()
}

#[tokio::test]
async fn both_ways_read_the_same_of_everybody() {
    let Some(ground) = ground(40).await else { return };
    let all = ground.pipelined(&people::select()).await.unwrap();
    assert_eq!(all.len(), ground.people.len());
    assert!(ground.people.iter().all(|user| all.contains(user)), "as they were entered");
    for (what, select) in pages(DbBackend::Postgres, ground.people[0].id) {
        let read = ground.pipelined(&select).await.unwrap();
        assert!(!read.is_empty());
        assert_eq!(read, ground.as_usual(&select).await, "{what}");
    }
}

#[tokio::test]
async fn answers_go_to_those_who_asked() {
    let Some(ground) = ground(40).await else { return };
    let pipeline = ground.pipeline().await;
    let asked = ground.people.iter().map(|user| (user, text::statement(DbBackend::Postgres, &person(user))));
    let asked: Vec<_> = asked.collect();
    let mut answers: Vec<_> = asked.iter().map(|(_, query)| Box::pin(pipeline.all::<User>(query))).collect();
    // Some go before they have an answer.
    for given_up in [30, 20, 0] {
        let mut gone = answers.remove(given_up);
        assert!(gone.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    for answer in join_all(answers).await {
        assert_eq!(answer.unwrap().len(), 1);
    }
    let found = join_all(asked.iter().map(|(_, query)| pipeline.all::<User>(query))).await;
    for ((user, _), found) in asked.iter().zip(found) {
        assert_eq!(found.unwrap(), [(*user).clone()]);
    }
    assert_eq!(pipeline.under_way(), 0);
}

#[tokio::test]
async fn no_more_are_under_way_than_may_be() {
    let Some(ground) = ground(1).await else { return };
    let pipeline = ground.pipeline().await;
    let query = text::statement(DbBackend::Postgres, &person(&ground.people[0]));
    let answers = join_all((0..MAX_UNDER_WAY + 3).map(|_| pipeline.all::<User>(&query))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 3);
}

#[tokio::test]
async fn a_long_query_is_asked_another_way_and_so_is_the_next_one() {
    let Some(ground) = ground(2).await else { return };
    let mut long = people::select();
    long.cond_where(Expr::cust("(SELECT pg_sleep(0.4)) IS NOT NULL"));
    let begun = Instant::now();
    assert_eq!(ground.pipelined(&long).await, None);
    assert!(begun.elapsed() < Duration::from_millis(390), "it was not waited for");
    let begun = Instant::now();
    assert_eq!(ground.pipelined(&long).await, None);
    assert!(begun.elapsed() < Duration::from_millis(100), "it was not asked");
    assert_eq!(ground.little(&long).await, 2);
    assert_eq!(ground.pipelined(&people::select()).await.map(|read| read.len()), Some(2), "others are");
}

#[tokio::test]
async fn nobody_waits_long_for_a_lock() {
    let Some(ground) = ground(1).await else { return };
    let select = people::select();
    let held = ground.test.hold("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await;
    let begun = Instant::now();
    assert_eq!(ground.pipelined(&select).await, None);
    assert!(begun.elapsed() < Duration::from_secs(1));
    held.release().await;
    assert_eq!(ground.pipelined(&select).await.map(|read| read.len()), Some(1));
}

#[tokio::test]
async fn a_lost_pipeline_is_replaced_and_nobodys_trouble() {
    let Some(ground) = ground(1).await else { return };
    let select = people::select();
    let pipeline = ground.pipeline().await;
    let answer = pipeline.client.simple_query("SELECT pg_backend_pid()").await.unwrap();
    let process = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    ground.test.run(&format!("SELECT pg_terminate_backend({})", process.unwrap())).await;
    assert_eq!(pipeline.all::<User>(&text::statement(DbBackend::Postgres, &select)).await, None);
    assert_eq!(ground.little(&select).await, 1);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(ground.pipelined(&select).await.map(|read| read.len()), Some(1));
}

#[tokio::test]
async fn one_that_answers_nothing_is_left() {
    let Some(ground) = ground(1).await else { return };
    let pipeline = ground.pipeline().await;
    // As if the network swallowed everything.
    pipeline.task.abort();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(ground.little(&people::select()).await, 1);
    assert!(pipeline.is_lost());
}

#[tokio::test]
async fn a_migration_spoils_no_statement() {
    let Some(ground) = ground(1).await else { return };
    let select = people::select();
    assert!(ground.pipelined(&select).await.is_some());
    ground.test.run("ALTER TABLE users ALTER COLUMN display_name TYPE text").await;
    assert_eq!(ground.little(&select).await, 1, "asked again");
    assert!(ground.pipelined(&select).await.is_some(), "prepared again");
}

#[tokio::test]
async fn a_pipeline_writes_nothing() {
    let Some(ground) = ground(1).await else { return };
    let pipeline = ground.pipeline().await;
    let error = pipeline.client.simple_query("DELETE FROM users").await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
}

#[tokio::test]
async fn nobody_reads_with_a_pipeline_after_the_end() {
    let Some(ground) = ground(1).await else { return };
    ground.pipeline().await;
    ground.database.read_on_no_thread();
    assert!(ground.store.readers.pipeline().is_none());
    assert_eq!(ground.little(&people::select()).await, 1);
    ground.database.clone().close().await.unwrap();
    assert_eq!(ground.store.readers.count().0, 0);
}

#[tokio::test]
async fn statements_are_kept_as_many_as_may_be() {
    let statements = Statements::new(2);
    let first = statements.find("1").unwrap();
    statements.find("2");
    assert!(Arc::ptr_eq(&first, &statements.find("1").unwrap()));
    statements.find("3");
    assert!(Arc::ptr_eq(&first, &statements.find("1").unwrap()), "the oldest went");
    statements.forget("1");
    assert!(!Arc::ptr_eq(&first, &statements.find("1").unwrap()));
}
