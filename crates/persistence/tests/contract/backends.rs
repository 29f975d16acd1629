//! One test, many stores.

use clientele_persistence::{Database, Store, testing::TestDatabase};
use domain::audit::EventKind;
use domain::store::{
    ApiKeyStore, AttemptStore, ChallengeStore, CodeQueueStore, HousekeepingStore, KeyStore, MessageStore, NoticeStore,
    PasswordStore, SessionStore, SetupStore, SignUpStore, Update, WriteError,
};
use domain::testing::{FixedClock, account, event};
use domain::{AccountPorts, Authority, Profile, User, UserId};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};

/// By no authority that could end.
pub(crate) const BY: &Authority = &Authority::Unconditional;

/// Judges nothing anew.
pub(crate) fn never(_: &User) -> Option<Update> {
    None
}

/// All ports at once.
pub(crate) trait Stores:
    AccountPorts
    + SetupStore
    + SignUpStore
    + PasswordStore
    + SessionStore
    + ApiKeyStore
    + ChallengeStore
    + MessageStore
    + CodeQueueStore
    + NoticeStore
    + AttemptStore
    + KeyStore
    + HousekeepingStore
{
}

impl<S> Stores for S where
    S: AccountPorts
        + SetupStore
        + SignUpStore
        + PasswordStore
        + SessionStore
        + ApiKeyStore
        + ChallengeStore
        + MessageStore
        + CodeQueueStore
        + NoticeStore
        + AttemptStore
        + KeyStore
        + HousekeepingStore
{
}

/// A store and the clock by which the test lives.
pub(crate) struct Setting {
    pub(crate) store: Box<dyn Stores>,
    pub(crate) clock: FixedClock,
}

impl Setting {
    pub(crate) fn new(store: impl Stores + 'static) -> Self {
        Self { store: Box::new(store), clock: FixedClock::default() }
    }

    pub(crate) async fn try_enter(&self, user: &User) -> Result<(), WriteError> {
        let created = event(&self.clock, EventKind::UserCreated, Some(user.id));
        self.store.create_account(BY, &account(user), &[created]).await
    }

    pub(crate) async fn enter(&self, user: &User) {
        self.try_enter(user).await.unwrap();
    }

    pub(crate) async fn enter_all(&self, users: &[&User]) {
        for user in users {
            self.enter(user).await;
        }
    }

    /// An active admin who is entered.
    pub(crate) async fn admin(&self, email: &str) -> User {
        let user = domain::testing::admin(&self.clock, email);
        self.enter(&user).await;
        user
    }

    /// An active manager who is entered.
    pub(crate) async fn manager(&self, email: &str) -> User {
        let user = domain::testing::manager(&self.clock, email);
        self.enter(&user).await;
        user
    }

    /// An active customer who is entered.
    pub(crate) async fn customer(&self, phone: &str, manager: Option<&User>) -> User {
        let user = domain::testing::customer(&self.clock, phone, manager.map(|manager| manager.id));
        self.enter(&user).await;
        user
    }
}

pub(crate) fn customer_profile(user: &mut User) -> &mut domain::Customer {
    match &mut user.profile {
        Profile::Customer(customer) => customer,
        _ => panic!("no customer"),
    }
}

/// A database of one test, open, and a second way into it that knows no rules.
pub(crate) struct Ground {
    pub(crate) test: TestDatabase,
    pub(crate) database: Database,
    pub(crate) raw: DatabaseConnection,
}

impl Ground {
    pub(crate) async fn new(test: TestDatabase) -> Self {
        let database = test.open().await;
        let raw = sea_orm::Database::connect(test.url()).await.unwrap();
        Self { test, database, raw }
    }

    pub(crate) fn store(&self) -> Store {
        self.database.store()
    }

    pub(crate) fn setting(&self) -> Setting {
        Setting::new(self.store())
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<u64, DbErr> {
        self.raw.execute_unprepared(sql).await.map(|done| done.rows_affected())
    }

    pub(crate) async fn rows(&self, sql: impl Into<String>) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.raw.get_database_backend(), sql.into());
        self.raw.query_all_raw(statement).await.unwrap()
    }

    /// Enters many customers at once, past the store.
    pub(crate) async fn insert_customers(&self, customers: &[User]) {
        let (mut users, mut profiles) = (Vec::new(), Vec::new());
        for user in customers {
            let profile = user.customer().unwrap();
            let manager = profile.assigned_manager_id.map_or("NULL".to_owned(), |id| self.literal(id));
            let (id, by, at) = (self.literal(user.id), self.literal(profile.created_by), user.created_at);
            let at = at.format("%Y-%m-%d %H:%M:%S%.6f");
            let at = if self.raw.get_database_backend() == DbBackend::MySql {
                format!("'{at}'")
            } else {
                format!("'{at}+00:00'")
            };
            users.push(format!("({id}, 'customer', TRUE, {at}, {at})"));
            profiles.push(format!("({id}, '{}', {by}, {manager}, {at}, {at})", profile.phone));
        }
        for (head, rows) in [
            ("users (id, role, is_active, created_at, updated_at)", users),
            ("customers (id, phone, created_by, assigned_manager_id, created_at, updated_at)", profiles),
        ] {
            self.run(&format!("INSERT INTO {head} VALUES {}", rows.join(", "))).await.unwrap();
        }
    }

    pub(crate) fn literal(&self, id: UserId) -> String {
        match self.raw.get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.as_uuid().simple()),
        }
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.rows(format!("SELECT COUNT(*) AS n FROM {table}")).await[0].try_get("", "n").unwrap()
    }
}

/// Makes each test of a [`Setting`] one on every store, and each test of a [`Ground`] one on every database.
macro_rules! tests {
    (every store: $($test:ident),* ; every database: $($database_test:ident),* $(;)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::contract::backends::Setting::new(domain::testing::MemoryStore::new())).await;
            })*
        }
        $crate::contract::backends::tests! {
            @on sqlite, Some(clientele_persistence::testing::TestDatabase::sqlite()); $($test),* ; $($database_test),*
        }
        $crate::contract::backends::tests! {
            @on sqlite_in_its_thread,
            Some(clientele_persistence::testing::TestDatabase::sqlite().read_by_its_thread());
            $($test),* ; $($database_test),*
        }
        $crate::contract::backends::tests! {
            @on postgres, clientele_persistence::testing::TestDatabase::postgres().await; $($test),* ; $($database_test),*
        }
        $crate::contract::backends::tests! {
            @on postgres_in_its_thread,
            clientele_persistence::testing::TestDatabase::postgres().await.map(|test| test.read_by_its_thread());
            $($test),* ; $($database_test),*
        }
        $crate::contract::backends::tests! {
            @on mariadb, clientele_persistence::testing::TestDatabase::mariadb().await; $($test),* ; $($database_test),*
        }
    };
    (@on $backend:ident, $test_database:expr; $($test:ident),* ; $($database_test:ident),*) => {
        mod $backend {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(test) = $test_database {
                    let ground = $crate::contract::backends::Ground::new(test).await;
                    super::$test(ground.setting()).await;
                }
            })*

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $database_test() {
                if let Some(test) = $test_database {
                    super::$database_test($crate::contract::backends::Ground::new(test).await).await;
                }
            })*
        }
    };
}

pub(crate) use tests;
