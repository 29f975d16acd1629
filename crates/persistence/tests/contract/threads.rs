//! Connections that belong to a thread: who reads with them, and what becomes of them.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use clientele_persistence::{Database, Options, PoolState, Store};
use domain::store::{StoreError, UserStore};
use domain::{Page, Scope, User, UserQuery};
use futures_util::future::join;
use sea_orm::DbBackend;
use tokio::time::{sleep, timeout};

use super::backends::{Ground, tests};

tests! {
    every store:;

    every database:
    a_thread_reads_with_connections_of_its_own,
    those_who_find_none_read_with_the_shared_ones,
    a_query_that_is_given_up_spoils_no_other,
    a_lost_connection_is_nobodys_trouble;
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

async fn read(store: &Store) -> usize {
    store.list_users(Scope::All, &UserQuery::default()).await.unwrap().items.len()
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
        join(read(&store), read(&store)).await;
        sleep(Duration::from_millis(10)).await;
    }
    panic!("not all connections are idle: {:?}", pool(database, "threads"));
}

async fn a_thread_reads_with_connections_of_its_own(ground: Ground) {
    let (database, store) = joined(&ground, 4).await;
    assert_eq!(pool(&database, "threads"), PoolState { name: "threads", size: 0, idle: 0, max: 2 });
    until_idle(&database).await;
    let query = UserQuery::default();
    let reading = begin(&store, &query);
    assert_eq!(pool(&database, "threads"), PoolState { name: "threads", size: 2, idle: 1, max: 2 });
    reading.await.unwrap();
    assert_eq!(pool(&database, "threads").idle, 2);
    database.read_on_no_thread();
    assert_eq!(read(&store).await, 0);
    database.close().await.unwrap();
}

async fn those_who_find_none_read_with_the_shared_ones(ground: Ground) {
    let (database, store) = joined(&ground, 4).await;
    until_idle(&database).await;
    let query = UserQuery::default();
    let (first, second) = (begin(&store, &query), begin(&store, &query));
    assert_eq!(pool(&database, "threads").idle, 0);
    assert_eq!(timeout(Duration::from_secs(1), read(&store)).await, Ok(0), "while the others are in use");
    first.await.unwrap();
    second.await.unwrap();
}

async fn a_query_that_is_given_up_spoils_no_other(ground: Ground) {
    ground.setting().manager("ann@example.com").await;
    let (database, store) = joined(&ground, 4).await;
    let query = UserQuery::default();
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
