//! Connections that belong to a thread: who reads with them, and what becomes of them.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use chrono::TimeDelta;
use clientele_persistence::{Database, Options, PoolState, Store};
use domain::audit::EventKind;
use domain::page::Search;
use domain::store::{SessionStore, StoreError, UserStore};
use domain::testing::{event, session};
use domain::{Clock, Filter, Page, Scope, SessionId, User, UserQuery};
use futures_util::future::{join, join_all};
use sea_orm::DbBackend;
use tokio::time::{sleep, timeout};

use super::backends::{Ground, tests};

tests! {
    every store:;

    every database:
    a_thread_reads_with_connections_of_its_own,
    those_who_find_none_read_with_the_shared_ones,
    a_query_that_is_given_up_spoils_no_other,
    a_lost_connection_is_nobodys_trouble,
    callers_that_are_looked_up_together_are_told_apart,
    a_look_up_that_is_given_up_keeps_nobody_waiting;
}

/// A database with one thread, the current one, that has half of so many connections.
async fn joined(ground: &Ground, max_connections: u32) -> (Database, Store) {
    let options = Options { max_connections, threads: 1, ..Options::default() };
    let database = Database::connect(ground.test.url(), &options).await.unwrap();
    database.read_on_this_thread();
    let store = database.store();
    (database, store)
}

fn pool(database: &Database, name: &str) -> PoolState {
    database.pools().into_iter().find(|pool| pool.name == name).unwrap()
}

type Reading<'s> = Pin<Box<dyn Future<Output = Result<Page<User>, StoreError>> + Send + 's>>;

/// Sends a query whose answer is still to come.
fn begin<'s>(store: &'s Store, query: &'s UserQuery) -> Reading<'s> {
    // The thread of SQLite may be done before we look.
    for _ in 0..1000 {
        let mut reading = store.list_users(Scope::All, query);
        if reading.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return reading;
        }
    }
    panic!("every answer is there at once");
}

/// A search, since the thread waits for its answer on SQLite too.
fn search() -> UserQuery {
    let filter = Filter { search: Some(Search::parse("ann").unwrap()), ..Filter::default() };
    UserQuery { filter, ..UserQuery::default() }
}

async fn read(store: &Store) -> usize {
    store.list_users(Scope::All, &search()).await.unwrap().items.len()
}

/// How many connections the thread has, with the one that it reads the file of SQLite with by itself.
fn own(ground: &Ground) -> u32 {
    if ground.raw.get_database_backend() == DbBackend::Sqlite { 3 } else { 2 }
}

/// How many of them answer one query at a time. On PostgreSQL the other one is a pipeline.
fn lent(ground: &Ground) -> u32 {
    if ground.raw.get_database_backend() == DbBackend::Postgres { 1 } else { 2 }
}

/// Reads until the thread has all of its connections, and nobody uses them.
async fn until_idle(database: &Database) {
    for _ in 0..500 {
        let of_thread = pool(database, "threads");
        if of_thread.idle == of_thread.max {
            return;
        }
        // Two at once, since none is opened while another is free.
        let store = database.store();
        store.list_users(Scope::All, &UserQuery::default()).await.unwrap();
        join(read(&store), read(&store)).await;
        sleep(Duration::from_millis(10)).await;
    }
    panic!("not all connections are idle: {:?}", pool(database, "threads"));
}

async fn a_thread_reads_with_connections_of_its_own(ground: Ground) {
    let (database, store) = joined(&ground, 4).await;
    let own = own(&ground);
    assert_eq!(pool(&database, "threads"), PoolState { name: "threads", size: 0, idle: 0, max: own });
    until_idle(&database).await;
    let query = search();
    let reading = begin(&store, &query);
    assert_eq!(pool(&database, "threads"), PoolState { name: "threads", size: own, idle: own - 1, max: own });
    reading.await.unwrap();
    assert_eq!(pool(&database, "threads").idle, own);
    database.read_on_no_thread();
    assert_eq!(read(&store).await, 0);
    assert_eq!(store.list_users(Scope::All, &UserQuery::default()).await.unwrap().items, []);
    database.clone().close().await.unwrap();
    assert_eq!(pool(&database, "threads").size, 0);
}

async fn those_who_find_none_read_with_the_shared_ones(ground: Ground) {
    let (database, store) = joined(&ground, 4).await;
    until_idle(&database).await;
    let query = search();
    let (first, second) = (begin(&store, &query), begin(&store, &query));
    assert_eq!(pool(&database, "threads").idle, own(&ground) - lent(&ground));
    assert_eq!(timeout(Duration::from_secs(1), read(&store)).await, Ok(0), "while the others are in use");
    first.await.unwrap();
    second.await.unwrap();
}

async fn a_query_that_is_given_up_spoils_no_other(ground: Ground) {
    ground.setting().manager("ann@example.com").await;
    let (database, store) = joined(&ground, 4).await;
    let query = search();
    for _ in 0..20 {
        drop(begin(&store, &query));
        assert_eq!(read(&store).await, 1);
    }
    until_idle(&database).await;
    database.close().await.unwrap();
}

async fn a_lost_connection_is_nobodys_trouble(ground: Ground) {
    let (database, store) = joined(&ground, 2).await;
    until_idle(&database).await;
    // The shared one is older.
    let newest = match ground.raw.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT pg_terminate_backend(pid)::text AS gone FROM pg_stat_activity WHERE datname = current_database() \
             AND query LIKE '%staff_trunk%' AND pid <> pg_backend_pid() ORDER BY backend_start DESC LIMIT 1"
        }
        DbBackend::MySql => {
            "SELECT CONCAT('KILL ', MAX(id)) AS gone FROM information_schema.processlist WHERE db = DATABASE() AND id <> \
             CONNECTION_ID()"
        }
        _ => return,
    };
    let gone: String = ground.rows(newest).await[0].try_get("", "gone").unwrap();
    if gone.starts_with("KILL") {
        ground.run(&gone).await.unwrap();
    }
    sleep(Duration::from_millis(100)).await;
    assert_eq!(read(&store).await, 0);
    until_idle(&database).await;
}

/// People with a session each, and what is to be found of it.
async fn signed_in(ground: &Ground, count: usize) -> Vec<(SessionId, Option<User>)> {
    let setting = ground.setting();
    let mut people = Vec::new();
    for number in 0..count {
        let user = setting.manager(&format!("manager-{number}@example.com")).await;
        let begun = session(&setting.clock, user.id);
        let event = event(&setting.clock, EventKind::SessionStarted, Some(user.id));
        setting.store.start_session(&begun, &event).await.unwrap();
        people.push((begun.id, Some(user)));
    }
    let nobody = SessionId::from(setting.clock.new_id());
    people.push((nobody, None));
    people
}

async fn callers_that_are_looked_up_together_are_told_apart(ground: Ground) {
    let people = signed_in(&ground, 20).await;
    let (database, store) = joined(&ground, 4).await;
    until_idle(&database).await;
    let now = ground.setting().clock.now();
    // Each session ten times, more than one query takes.
    let asked: Vec<_> = people.iter().cycle().take(people.len() * 10).collect();
    let found = join_all(asked.iter().map(|(session, _)| store.find_caller(*session, now))).await;
    for ((session, user), found) in asked.iter().zip(found) {
        assert_eq!(found.unwrap().map(|owner| owner.user), *user, "{session}");
    }
    let later = now + TimeDelta::days(400);
    let expired = join_all(people.iter().map(|(session, _)| store.find_caller(*session, later))).await;
    assert!(expired.into_iter().all(|found| found.unwrap().is_none()), "expired");
    database.close().await.unwrap();
}

async fn a_look_up_that_is_given_up_keeps_nobody_waiting(ground: Ground) {
    let people = signed_in(&ground, 8).await;
    let (database, store) = joined(&ground, 4).await;
    until_idle(&database).await;
    let now = ground.setting().clock.now();
    for given_up in 0..people.len() {
        let mut looks: Vec<_> = people.iter().map(|(session, _)| store.find_caller(*session, now)).collect();
        // The first asks, and the others wait for it. SQLite may have answered already.
        looks.retain_mut(|look| look.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        // Whoever asked goes, and so does one of those who wait.
        looks.drain(..looks.len().min(1 + given_up % 3));
        let found = timeout(Duration::from_secs(5), join_all(looks)).await.expect("nobody waits for those who went");
        assert!(found.into_iter().all(|found| found.is_ok()));
    }
    assert!(store.find_caller(people[0].0, now).await.unwrap().is_some());
    database.close().await.unwrap();
}
