use chrono::TimeDelta;
use domain::testing::{FixedClock, customer};
use domain::{Clock as _, Profile, User};
use sea_orm::{QueryOrder, Statement};

use super::*;
use crate::entity::{customer as customers, user};
use crate::tables::users::{customer_row, user_row};
use crate::testing::TestDatabase;

/// What JSON, arrays and SQL could take for something else.
const NAMES: [&str; 8] = ["Ann", "NULL", "null", r#"a"b\c"#, "{a,b}", "[1]", "'; --", "Ўктам\u{1f600}"];

/// Customers whose rows differ in each column, with times of every precision.
fn people() -> Vec<User> {
    let clock = FixedClock::default();
    let mut people: Vec<User> = Vec::new();
    for (number, name) in (0_u32..).zip(NAMES) {
        let mut user = customer(&clock, &format!("+99890000000{number}"), None);
        user.display_name = Some(domain::DisplayName::parse(name).unwrap()).filter(|_| number > 0);
        user.is_active = number % 2 == 0;
        user.verified_at = Some(clock.now() + TimeDelta::microseconds(10_i64.pow(number))).filter(|_| number > 1);
        user.version = 1 + i64::from(number);
        if let Profile::Customer(customer) = &mut user.profile {
            customer.assigned_manager_id = people.first().map(|first| first.id);
            let metadata = serde_json::json!({ "n": number, "deep": { "text": name, "no": null, "x": [1.5, true] } });
            customer.metadata = domain::Metadata::parse(metadata.as_object().unwrap().clone()).unwrap();
        }
        people.push(user);
    }
    people
}

/// What is stored, to the byte: SQLite compares times, ids and JSON as they are written.
async fn stored(store: &crate::Store) -> Vec<String> {
    let users = user::Entity::find().order_by_asc(user::Column::Id).all(&store.reader).await.unwrap();
    let profiles = customers::Entity::find().order_by_asc(customers::Column::Id).all(&store.reader).await.unwrap();
    let mut stored = vec![format!("{users:?}"), format!("{profiles:?}")];
    if store.reader.get_database_backend() == DbBackend::Sqlite {
        let raw = "SELECT quote(u.id) || quote(is_active) || quote(display_name) || quote(verified_at) \
                   || quote(u.created_at) || quote(version) || quote(c.id) || quote(created_by) \
                   || quote(assigned_manager_id) || quote(metadata) || quote(c.updated_at) AS row \
                   FROM users u JOIN customers c ON c.id = u.id ORDER BY u.id";
        let rows = store.reader.query_all_raw(Statement::from_string(DbBackend::Sqlite, raw)).await.unwrap();
        stored.extend(rows.iter().map(|row| row.try_get::<String>("", "row").unwrap()));
    }
    stored
}

async fn write(store: &crate::Store, people: &[User]) {
    let rows = |people: &[User]| -> Vec<_> { people.iter().map(user_row).collect() };
    let profiles = |people: &[User]| -> Vec<_> {
        people.iter().filter_map(|user| Some(customer_row(user, user.customer()?))).collect()
    };
    let written = store.write(async |txn| {
        insert(&txn, rows(people)).await?;
        Ok(insert(&txn, profiles(people)).await?)
    });
    written.await.unwrap();
}

async fn are_the_same(single: TestDatabase, many: TestDatabase) {
    let people = people();
    let (single_store, many_store) = (single.open().await.store(), many.open().await.store());
    for user in &people {
        let row = customer_row(user, user.customer().unwrap());
        user::Entity::insert(user_row(user)).exec_without_returning(&single_store.writer).await.unwrap();
        customers::Entity::insert(row).exec_without_returning(&single_store.writer).await.unwrap();
    }
    write(&many_store, &people).await;
    assert_eq!(stored(&many_store).await, stored(&single_store).await);
}

#[tokio::test]
async fn rows_of_one_statement_are_those_of_a_statement_each() {
    are_the_same(TestDatabase::sqlite(), TestDatabase::sqlite()).await;
    if let (Some(single), Some(many)) = (TestDatabase::postgres().await, TestDatabase::postgres().await) {
        are_the_same(single, many).await;
    }
    if let (Some(single), Some(many)) = (TestDatabase::mariadb().await, TestDatabase::mariadb().await) {
        are_the_same(single, many).await;
    }
}

#[test]
fn what_is_the_same_in_all_rows_is_sent_once() {
    let [ann, ben, ..] = &people()[..] else { panic!("two") };
    let texts = |people: &[&User]| {
        let rows = people.iter().map(|user| user_row(user)).collect();
        let [insert] = &inserts(DbBackend::Postgres, rows, None).unwrap()[..] else { panic!("one") };
        insert.sql.matches("UNNEST").count()
    };
    let differing = ["id", "is_active", "display_name", "name_key", "version"].len();
    assert_eq!(texts(&[ann, ben]), differing);
    assert_eq!(texts(&[ann]), 1);
    assert_eq!(texts(&[ann, ann]), 1);
    assert!(inserts(DbBackend::Postgres, Vec::<user::ActiveModel>::new(), None).unwrap().is_empty());
}
