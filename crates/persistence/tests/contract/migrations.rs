//! Many processes that start at once, and programs older than their database.

use domain::store::AccountStore;
use futures_util::future::join_all;
use persistence::{Database, DatabaseError, Options, testing::TestDatabase};
use sea_orm::DbBackend;

use super::backends::{Ground, tests};

tests! {
    every store:;

    every database:
    a_newer_database_is_not_touched,
    a_migrated_database_stays_as_it_is,
    a_migration_that_was_cut_off_is_finished;
}

async fn start_at_once(test: TestDatabase) {
    let options = Options { max_connections: 2, ..Options::default() };
    let started = join_all((0..4).map(|_| {
        let (url, options) = (test.url().to_owned(), options.clone());
        // Tasks, so that they really run at once.
        tokio::spawn(async move {
            let database = Database::connect(&url, &options).await?;
            database.migrate().await?;
            database.store().check_ready().await?;
            database.close().await?;
            Ok::<_, DatabaseError>(())
        })
    }))
    .await;
    for result in started {
        result.unwrap().unwrap();
    }
}

mod at_once {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn sqlite() {
        start_at_once(TestDatabase::sqlite()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn postgres() {
        if let Some(test) = TestDatabase::postgres().await {
            start_at_once(test).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn mariadb() {
        if let Some(test) = TestDatabase::mariadb().await {
            start_at_once(test).await;
        }
    }
}

async fn a_newer_database_is_not_touched(ground: Ground) {
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_later', 0)";
    ground.run(later).await.unwrap();
    let schema = ground.database.schema().await.unwrap();
    assert_eq!(schema.unknown, ["m99991231_000001_later"]);
    assert!(!schema.is_current());
    for result in [
        ground.database.migrate().await,
        ground.database.migrate_down(None).await,
        ground.database.migrate_fresh().await,
    ] {
        let error = result.unwrap_err();
        assert!(matches!(&error, DatabaseError::SchemaTooNew(names) if names.len() == 1), "{error:?}");
        assert!(error.to_string().contains("m99991231_000001_later"), "{error}");
    }
    assert_eq!(ground.count("locks").await, 3);
}

async fn a_migrated_database_stays_as_it_is(ground: Ground) {
    let manager = ground.setting().manager("ann@example.com").await;
    ground.database.migrate().await.unwrap();
    let found = ground.store().find_user(domain::Scope::All, manager.id).await.unwrap();
    assert_eq!(found, Some(manager));
}

/// `MySQL` commits each statement that changes the schema, so one may be cut off when all but the last line is there.
async fn a_migration_that_was_cut_off_is_finished(ground: Ground) {
    if ground.raw.get_database_backend() != DbBackend::MySql {
        return;
    }
    ground.run("DELETE FROM seaql_migrations").await.unwrap();
    ground.database.migrate().await.unwrap();
    assert!(ground.database.schema().await.unwrap().is_current());
    let triggers = "SELECT COUNT(*) AS n FROM information_schema.triggers WHERE trigger_schema = DATABASE()";
    assert_eq!(ground.rows(triggers).await[0].try_get::<i64>("", "n").unwrap(), 2);
}
