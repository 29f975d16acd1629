//! Both ways to read the file of `SQLite` give the same, and the quick one is left in time.

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::store::UserStore;
use domain::testing::{FixedClock, account, admin, customer, event, manager, phone};
use domain::{Authority, Clock, DisplayName, Metadata, Profile, Scope, Sort, TrunkNumber, User, UserId, UserQuery};
use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};

use super::*;
use crate::sql::text;
use crate::sql::user_pages::{Plan, page, parts};
use crate::tables::people;
use crate::testing::TestDatabase;
use crate::{Database, Store};

const NAMES: [Option<&str>; 4] = [None, Some("Ann"), Some("Şahin Ünal-Öz"), Some("日本 🦀")];

/// A page of people, of all kinds in turn, with all that they can have.
pub(crate) fn crowd(clock: &FixedClock, count: usize) -> Vec<User> {
    let boss = manager(clock, "boss@example.com");
    let (by, mut people) = (boss.id, vec![boss]);
    for number in 1..count {
        clock.advance(TimeDelta::microseconds(1_001 * i64::try_from(number % 3).unwrap()));
        let mut user = match number % 5 {
            0 => admin(clock, &format!("a{number}@example.com")),
            1 => manager(clock, &format!("m{number}@example.com")),
            kind => customer(clock, &format!("+9989012{number:05}"), (kind == 2).then_some(by)),
        };
        user.display_name = NAMES[number % 4].map(|name| DisplayName::parse(name).unwrap());
        user.is_active = number % 7 != 0;
        user.verified_at = (number % 2 == 0).then(|| clock.now());
        match &mut user.profile {
            Profile::Customer(profile) => {
                profile.created_by = by;
                let metadata = serde_json::json!({ "ключ": [null, true, 0.1, -7, 1e300], "n": number });
                profile.metadata = Metadata::parse(metadata.as_object().unwrap().clone()).unwrap();
            }
            Profile::Admin(staff) | Profile::Manager(staff) if number % 10 < 5 => {
                staff.phone = Some(phone(&format!("+9989112{number:05}")));
                staff.tin_trunk_number = TrunkNumber::parse_optional("12345").unwrap();
            }
            Profile::Admin(_) | Profile::Manager(_) => {}
        }
        people.push(user);
    }
    people
}

struct Ground {
    test: TestDatabase,
    database: Database,
    store: Store,
    people: Vec<User>,
}

async fn ground(count: usize) -> Ground {
    let test = TestDatabase::sqlite().read_by_its_thread();
    let (database, clock) = (test.open().await, FixedClock::default());
    let (store, people) = (database.store(), crowd(&clock, count));
    for user in &people {
        let entered = event(&clock, EventKind::UserCreated, Some(user.id));
        store.create_account(&Authority::Unconditional, &account(user), &[entered]).await.unwrap();
    }
    Ground { test, database, store, people }
}

impl Ground {
    fn at_once(&self, select: &SelectStatement) -> Option<Vec<User>> {
        self.store.readers.read_at_once(&text::statement(DbBackend::Sqlite, select))
    }

    async fn as_usual(&self, select: &SelectStatement) -> Vec<User> {
        self.store.all(select).await.unwrap().iter().map(|row| people::read(row).unwrap()).collect()
    }
}

fn page_of(backend: DbBackend, size: u64, scope: Scope, sort: Sort) -> SelectStatement {
    let query = UserQuery { size: domain::PageSize::new(size).unwrap(), sort, ..UserQuery::default() };
    page(&parts(backend, scope, &query.filter, Plan::Walk), &query)
}

/// Pages of every scope of this person, in every order and of several sizes, and what each is.
pub(crate) fn pages(backend: DbBackend, boss: UserId) -> Vec<(String, SelectStatement)> {
    let mut pages = Vec::new();
    for scope in
        [Scope::All, Scope::AllCustomers, Scope::SelfAndAssigned(boss), Scope::AssignedTo(boss), Scope::Own(boss)]
    {
        for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::NameAscending, Sort::NameDescending] {
            for size in [1, 10, 100] {
                pages.push((format!("{scope:?} {sort:?} {size}"), page_of(backend, size, scope, sort)));
            }
        }
    }
    pages
}

#[tokio::test]
async fn both_ways_read_the_same_of_everybody() {
    let ground = ground(40).await;
    let all = ground.at_once(&people::select()).unwrap();
    assert_eq!(all.len(), ground.people.len());
    assert!(ground.people.iter().all(|user| all.contains(user)), "as they were entered");
    for (what, select) in pages(DbBackend::Sqlite, ground.people[0].id) {
        let read = ground.at_once(&select).unwrap();
        assert!(!read.is_empty());
        assert_eq!(read, ground.as_usual(&select).await, "{what}");
    }
}

#[tokio::test]
async fn what_others_wrote_is_read_as_usual() {
    let ground = ground(3).await;
    for created_at in ["'2024-02-29 23:59:59.5'", "'2024-01-02T03:04Z'"] {
        ground.test.run(&format!("UPDATE users SET created_at = {created_at}")).await;
        assert_eq!(ground.at_once(&people::select()), None, "{created_at}");
        assert_eq!(ground.store.little::<User>(&people::select()).await.unwrap().len(), 3, "{created_at}");
    }
    for created_at in ["'2024-01-02 03:04:05.678+05:00'", "'2024-01-02T03:04:05Z'"] {
        ground.test.run(&format!("UPDATE users SET created_at = {created_at}")).await;
        let read = ground.at_once(&people::select()).unwrap();
        assert_eq!(read, ground.as_usual(&people::select()).await, "{created_at}");
    }
}

#[tokio::test]
async fn a_long_query_is_asked_of_another_connection() {
    let ground = ground(3).await;
    let count =
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT COUNT(*) FROM n)";
    let mut long = people::select();
    long.cond_where(Expr::cust(count).eq(100_000));
    for _ in 0..3 {
        assert_eq!(ground.at_once(&long), None);
        assert_eq!(ground.store.little::<User>(&long).await.unwrap().len(), 3);
        // The connection is as good as before.
        assert_eq!(ground.at_once(&people::select()).unwrap().len(), 3);
    }
}

#[tokio::test]
async fn steps_are_counted_for_each_query_alone() {
    let ground = ground(40).await;
    let reader = FileToRead(Database::file(ground.test.url()).unwrap()).open().unwrap_or_else(|_| panic!("no file"));
    let statement = text::statement(DbBackend::Sqlite, &page_of(DbBackend::Sqlite, 50, Scope::All, Sort::NewestFirst));
    let mut steps = 0;
    while steps < 3 * MAX_STEPS {
        assert!(reader.all::<User>(&statement).is_ok_and(|read| read.len() == 40), "after {steps}");
        steps += reader.0.prepare_cached(&statement.sql).unwrap().get_status(StatementStatus::VmStep);
    }
}

#[tokio::test]
async fn the_largest_page_is_far_from_long() {
    let ground = ground(110).await;
    let reader = FileToRead(Database::file(ground.test.url()).unwrap()).open().unwrap_or_else(|_| panic!("no file"));
    let boss = ground.people[0].id;
    for scope in [Scope::All, Scope::AllCustomers, Scope::SelfAndAssigned(boss)] {
        let statement =
            text::statement(DbBackend::Sqlite, &page_of(DbBackend::Sqlite, 100, scope, Sort::NameAscending));
        assert!(reader.all::<User>(&statement).is_ok());
        let steps = reader.0.prepare_cached(&statement.sql).unwrap().get_status(StatementStatus::VmStep);
        assert!((100..MAX_STEPS / 3).contains(&steps), "{scope:?}: {steps}");
    }
}

/// In a file with statistics, `SQLite` with STAT4 plans a query anew for each other value.
#[tokio::test]
async fn a_query_is_planned_once_whatever_is_asked_for() {
    let ground = ground(40).await;
    ground.test.run("ANALYZE").await;
    let reader = FileToRead(Database::file(ground.test.url()).unwrap()).open().unwrap_or_else(|_| panic!("no file"));
    for user in &ground.people {
        let mut select = people::select();
        select.cond_where(people::user_id().eq(user.id.as_uuid()));
        let selects = [select, page_of(DbBackend::Sqlite, 10, Scope::AssignedTo(user.id), Sort::NewestFirst)];
        for statement in selects.map(|select| text::statement(DbBackend::Sqlite, &select)) {
            assert!(reader.all::<User>(&statement).is_ok());
            let planned_anew = reader.0.prepare_cached(&statement.sql).unwrap().get_status(StatementStatus::RePrepare);
            assert_eq!(planned_anew, 0, "{}", statement.sql);
        }
    }
}

#[tokio::test]
async fn nobody_reads_with_a_connection_of_another_database_or_after_the_end() {
    let (first, second) = (ground(1).await, ground(2).await);
    let select = people::select();
    assert_eq!(first.at_once(&select), None, "the thread reads another database");
    assert_eq!(second.at_once(&select).unwrap().len(), 2);
    assert_eq!(first.store.little::<User>(&select).await.unwrap().len(), 1);
    second.database.read_on_no_thread();
    assert_eq!(second.at_once(&select), None);
    assert_eq!(second.store.little::<User>(&select).await.unwrap().len(), 2);
}
