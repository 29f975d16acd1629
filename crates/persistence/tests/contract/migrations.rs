//! Many processes that start at once, and programs older than their database.

use std::time::Duration;

use clientele_persistence::{Database, DatabaseError, Options, testing::TestDatabase};
use domain::page::{email_key, name_key};
use domain::store::{HealthStore, PasswordStore, UserStore};
use domain::value::search_key;
use domain::{DisplayName, Email, User};
use futures_util::future::join_all;
use sea_orm::DbBackend;

use super::backends::{Ground, tests};

tests! {
    every store:;

    every database:
    a_newer_database_is_not_touched,
    a_migrated_database_stays_as_it_is,
    a_migration_that_was_cut_off_is_finished,
    emails_from_before_are_found_by_their_folded_form,
    emails_from_before_get_their_canonical_form,
    two_spellings_of_a_mailbox_stop_the_migration,
    names_in_which_nothing_is_seen_become_none;
}

/// What the lock of migrations is called on PostgreSQL.
const LOCK: i64 = 0x636c_6965_6e74;

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

/// Limits that an operator gives the role or the database, for requests, cut off no migration: neither one that waits
/// for another process, nor one whose table somebody else still holds.
#[tokio::test(flavor = "multi_thread")]
async fn limits_of_the_database_do_not_hold_for_migrations() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let ground = Ground::new(test).await;
    let name = ground.test.url().rsplit('/').next().unwrap().to_owned();
    for limit in
        ["statement_timeout = '400ms'", "lock_timeout = '200ms'", "idle_in_transaction_session_timeout = '50ms'"]
    {
        ground.run(&format!("ALTER DATABASE {name} SET {limit}")).await.unwrap();
    }
    let no_limits = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    let hold = format!(
        "{no_limits}; BEGIN; SELECT pg_advisory_xact_lock({LOCK}); SELECT pg_sleep(2); COMMIT; \
         BEGIN; LOCK TABLE seaql_migrations; SELECT pg_sleep(2); COMMIT"
    );
    let is_held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted \
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let migrate = async {
        while ground.rows(is_held).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ground.database.migrate().await
    };
    let ((), migrated) = tokio::join!(ground.test.run(&hold), migrate);
    migrated.unwrap();
}

async fn emails_from_before_are_found_by_their_folded_form(ground: Ground) {
    let setting = ground.setting();
    let addresses = ["straße@example.com", "νίκος@example.com", "ﬃ@example.com", "e\u{301}va@example.com"];
    for address in addresses {
        setting.manager(address).await;
    }
    // More than are folded between two looks.
    for number in 0..520 {
        setting.manager(&format!("ann{number}@example.com")).await;
    }
    let applied = ground.database.schema().await.unwrap().applied;
    let later = applied.iter().rev().position(|name| name.ends_with("_email_keys")).unwrap();
    ground.database.migrate_down(Some(u32::try_from(later).unwrap() + 1)).await.unwrap();
    ground.database.migrate().await.unwrap();
    let rows = ground.rows("SELECT email, email_key FROM admin_managers").await;
    assert_eq!(rows.len(), addresses.len() + 520);
    for row in rows {
        let (email, key): (String, String) = (row.try_get("", "email").unwrap(), row.try_get("", "email_key").unwrap());
        assert_eq!(key, search_key(&email));
    }
}

/// Goes back to before the migration whose name ends so.
async fn before(ground: &Ground, name: &str) {
    let applied = ground.database.schema().await.unwrap().applied;
    let later = applied.iter().rev().position(|applied| applied.ends_with(name)).unwrap();
    ground.database.migrate_down(Some(u32::try_from(later).unwrap() + 1)).await.unwrap();
}

/// Puts an e-mail there as an earlier release did.
async fn set_email(ground: &Ground, user: &User, email: &str) {
    let (id, key) = (ground.literal(user.id), search_key(email));
    let set = format!("UPDATE admin_managers SET email = '{email}', email_key = '{key}' WHERE id = {id}");
    assert_eq!(ground.run(&set).await.unwrap(), 1);
}

async fn emails_from_before_get_their_canonical_form(ground: Ground) {
    let setting = ground.setting();
    let emails = [
        "ann@bücher.example",
        "ben@xn--bcher-kva.example",
        "änn@example.com",
        "straße@straße.example",
        "eve@xn--a.example",
    ];
    let mut people = Vec::new();
    for number in 0..emails.len() {
        people.push(setting.manager(&format!("user{number}@example.com")).await);
    }
    before(&ground, "_canonical_emails").await;
    for (user, email) in people.iter().zip(emails) {
        set_email(&ground, user, email).await;
    }
    ground.database.migrate().await.unwrap();
    for (user, email) in people.iter().zip(emails) {
        let select = format!("SELECT email, email_key FROM admin_managers WHERE id = {}", ground.literal(user.id));
        let row = &ground.rows(select).await[0];
        let (stored, key): (String, String) =
            (row.try_get("", "email").unwrap(), row.try_get("", "email_key").unwrap());
        let read = Email::from_stored(email).unwrap();
        assert_eq!((stored.as_str(), key), (read.as_str(), email_key(&read)), "{email}");
        let found = ground.store().find_user(domain::Scope::All, user.id).await.unwrap().unwrap();
        assert_eq!(found.staff().unwrap().email, read);
    }
    for spelling in ["ann@bücher.example", "ann@xn--bcher-kva.example"] {
        let found = ground.store().find_credentials(&Email::parse(spelling).unwrap()).await.unwrap().unwrap();
        assert_eq!(found.user.id, people[0].id);
    }
}

/// Which of the two has the mailbox nobody but people knows: both stay as they are, and both are named.
async fn two_spellings_of_a_mailbox_stop_the_migration(ground: Ground) {
    let setting = ground.setting();
    let people = [setting.manager("a@example.com").await, setting.manager("b@example.com").await];
    let other = setting.manager("c@example.com").await;
    before(&ground, "_canonical_emails").await;
    let both = ["ann@bücher.example", "ann@xn--bcher-kva.example"];
    for (user, email) in people.iter().zip(both) {
        set_email(&ground, user, email).await;
    }
    set_email(&ground, &other, "ben@bücher.example").await;
    let error = ground.database.migrate().await.unwrap_err();
    let error = format!("{:?}", std::error::Error::source(&error).unwrap());
    assert!(people.iter().all(|user| error.contains(&user.id.to_string())), "{error}");
    assert!(!error.contains(&other.id.to_string()) && !error.contains("ann@"), "{error}");
    let rows = ground.rows("SELECT email FROM admin_managers ORDER BY email").await;
    let stored: Vec<String> = rows.iter().map(|row| row.try_get("", "email").unwrap()).collect();
    assert_eq!(stored, [both[0], both[1], "ben@bücher.example"], "nothing was changed");
    set_email(&ground, &people[1], "anna@example.com").await;
    ground.database.migrate().await.unwrap();
    assert!(ground.database.schema().await.unwrap().is_current());
}

async fn names_in_which_nothing_is_seen_become_none(ground: Ground) {
    let setting = ground.setting();
    let names =
        ["\u{200b}", "\u{202a}\u{202c}", "\u{3164}\u{a0}\u{feff}", "\u{e0020}", "\u{200b}Ann", "\u{2800}", "Ann"];
    let mut people = Vec::new();
    for number in 0..names.len() {
        people.push(setting.customer(&format!("+99890000000{number}"), None).await);
    }
    before(&ground, "_blank_names").await;
    for (user, name) in people.iter().zip(names) {
        let (id, key) = (ground.literal(user.id), search_key(name));
        for set in [
            format!("UPDATE users SET display_name = '{name}', name_key = '{key}' WHERE id = {id}"),
            format!("UPDATE customers SET name_key = '{key}' WHERE id = {id}"),
        ] {
            assert_eq!(ground.run(&set).await.unwrap(), 1);
        }
    }
    ground.database.migrate().await.unwrap();
    for (user, name) in people.iter().zip(names) {
        let found = ground.store().find_user(domain::Scope::All, user.id).await.unwrap().unwrap();
        let is_blank = domain::value::is_blank(name);
        assert_eq!(found.display_name.as_ref().map(DisplayName::as_str), Some(name).filter(|_| !is_blank), "{name:?}");
        assert_eq!(found.version, user.version + i64::from(is_blank), "{name:?}");
        let id = ground.literal(user.id);
        for table in ["users", "customers"] {
            let row = &ground.rows(format!("SELECT name_key FROM {table} WHERE id = {id}")).await[0];
            assert_eq!(row.try_get::<String>("", "name_key").unwrap(), name_key(&found), "{table} {name:?}");
        }
    }
}
