//! What a page deep among equals reads: no more than the page, however many of the same name or moment come before.

use clientele_persistence::testing::{audit_statements, list_statements};
use domain::audit::{EventCursor, EventFilter, EventKind, EventQuery};
use domain::page::Assignment;
use domain::testing::{customer, event};
use domain::{Cursor, Filter, Role, Scope, Sort, User, UserQuery};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait};
use serde_json::Value;

use super::backends::{Ground, customer_profile, tests};

tests! {
    every store:;

    every database:
    a_page_among_the_nameless_reads_no_more_than_itself,
    a_page_among_events_of_one_moment_reads_no_more_than_itself;
}

const EQUALS: usize = 3_000;
/// A page of 50 reads some 300 rows where each is looked up in four tables.
const FEW: u32 = 600;

async fn a_page_among_the_nameless_reads_no_more_than_itself(ground: Ground) {
    let setting = ground.setting();
    let ann = setting.manager("ann@example.com").await;
    let customers: Vec<_> = (0..EQUALS).map(|number| nameless(&setting.clock, number, &ann)).collect();
    for chunk in customers.chunks(500) {
        ground.insert_customers(chunk).await;
    }
    analyze(&ground, "users, admin_managers, customers").await;
    let of_nobody = Filter { assigned_manager: Some(Assignment::Nobody), ..Filter::default() };
    let customers_only = Filter { role: Some(Role::Customer), ..Filter::default() };
    let by_ann = Filter { created_by: Some(ann.id), ..Filter::default() };
    for (scope, filter) in [
        (Scope::All, Filter::default()),
        (Scope::AllCustomers, Filter::default()),
        (Scope::SelfAndAssigned(ann.id), Filter::default()),
        (Scope::AssignedTo(ann.id), Filter::default()),
        (Scope::All, customers_only),
        (Scope::All, of_nobody),
        (Scope::All, by_ann),
    ] {
        for (sort, last) in [
            (Sort::NameAscending, EQUALS - 200),
            (Sort::NameDescending, 200),
            (Sort::OldestFirst, EQUALS - 200),
            (Sort::NewestFirst, 200),
        ] {
            let after = Some(Cursor::at(&customers[last], sort));
            let query = UserQuery { filter: filter.clone(), sort, after, ..UserQuery::default() };
            let statement = list_statements(backend(&ground), scope, &query, 0).remove(0);
            assert_reads_few(&ground, &statement).await;
        }
    }
}

/// Entered by a manager, and every other one assigned to her.
fn nameless(clock: &domain::testing::FixedClock, number: usize, manager: &User) -> User {
    let assigned = number.is_multiple_of(2).then_some(manager.id);
    let mut customer = customer(clock, &format!("+9989000{number:05}"), assigned);
    customer_profile(&mut customer).created_by = manager.id;
    customer
}

async fn a_page_among_events_of_one_moment_reads_no_more_than_itself(ground: Ground) {
    let setting = ground.setting();
    let ann = setting.manager("ann@example.com").await;
    let kind = EventKind::SessionStarted;
    let events: Vec<_> = (0..EQUALS).map(|_| event(&setting.clock, kind, Some(ann.id))).collect();
    let session = domain::testing::session(&setting.clock, ann.id);
    let account = domain::testing::account(&domain::testing::manager(&setting.clock, "ben@example.com"));
    let session = domain::session::Session { user_id: account.user.id, ..session };
    setting.store.create_signed_in(&account, &session, &events).await.unwrap();
    analyze(&ground, "audit_events").await;
    for filter in [
        EventFilter::default(),
        EventFilter { kind: Some(kind), ..EventFilter::default() },
        EventFilter { subject: Some(ann.id), ..EventFilter::default() },
    ] {
        let after = Some(EventCursor::at(&events[200]));
        let query = EventQuery { filter, after, ..EventQuery::default() };
        let statement = audit_statements(backend(&ground), Scope::All, &query).remove(0);
        assert_reads_few(&ground, &statement).await;
    }
}

fn backend(ground: &Ground) -> DbBackend {
    ground.raw.get_database_backend()
}

async fn analyze(ground: &Ground, tables: &str) {
    let sql = match backend(ground) {
        DbBackend::Postgres => format!("VACUUM ANALYZE {tables}"),
        DbBackend::MySql => format!("ANALYZE TABLE {tables}"),
        _ => "ANALYZE".to_owned(),
    };
    ground.run(&sql).await.unwrap();
}

async fn assert_reads_few(ground: &Ground, statement: &Statement) {
    // One connection, to which the counts belong.
    let txn = ground.raw.begin().await.unwrap();
    match backend(ground) {
        DbBackend::Postgres => {
            let plan = explained(&txn, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)", statement).await;
            let plan: Value = plan[0].try_get_by_index(0).unwrap();
            let read = rows_of(&plan[0]["Plan"]);
            assert!(read < f64::from(FEW), "{read} rows: {plan}");
        }
        DbBackend::MySql => {
            txn.execute_unprepared("FLUSH STATUS").await.unwrap();
            txn.query_all_raw(statement.clone()).await.unwrap();
            let read = handler_reads(&txn).await;
            assert!(read < u64::from(FEW), "{read} rows: {statement}");
        }
        // It tells no rows, and which part of the condition bounds the index instead.
        _ => {
            let plan = explained(&txn, "EXPLAIN QUERY PLAN", statement).await;
            let lines: Vec<String> = plan.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            assert!(lines.iter().any(|line| line.contains(",id)>(?,?)") || line.contains(",id)<(?,?)")), "{lines:#?}");
        }
    }
    txn.rollback().await.unwrap();
}

async fn explained(txn: &DatabaseTransaction, explain: &str, statement: &Statement) -> Vec<sea_orm::QueryResult> {
    txn.query_all_raw(Statement { sql: format!("{explain} {}", statement.sql), ..statement.clone() }).await.unwrap()
}

/// The rows that the scans of a plan of PostgreSQL touched.
fn rows_of(node: &Value) -> f64 {
    let count = |key: &str| node[key].as_f64().unwrap_or_default();
    let children = node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = (count("Actual Rows") + count("Rows Removed by Filter")) * count("Actual Loops");
    let own = if children.is_empty() { own } else { 0.0 };
    own + children.iter().map(rows_of).sum::<f64>()
}

async fn handler_reads(txn: &DatabaseTransaction) -> u64 {
    let status = Statement::from_string(DbBackend::MySql, "SHOW SESSION STATUS LIKE 'Handler_read%'");
    let rows = txn.query_all_raw(status).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", "Value").unwrap().parse::<u64>().unwrap()).sum()
}
