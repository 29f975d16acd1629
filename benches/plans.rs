//! How the lists are found: fills a database with so many customers and 200
//! managers, and shows for each query its plan, the rows it reads and its time.
//!
//! ```sh
//! cargo run --release -p clientele-persistence --features testing --example plans -- sqlite 1000000
//! ```
//!
//! `postgres` and `mariadb` need `TEST_POSTGRES_URL` and `TEST_MARIADB_URL`. A
//! third word leaves out the queries without it in their name. The statements
//! are the very ones that the store sends. docs/query-plans.md holds the result.
#![expect(clippy::expect_used, reason = "a measurement that fails is to stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use clientele_persistence::testing::{TestDatabase, audit_statements, list_statements};
use domain::audit::{EventCursor, EventFilter, EventKind, EventQuery};
use domain::page::{Assignment, Search};
use domain::{Cursor, Filter, PageSize, Role, Scope, Sort, Timestamp, UserId, UserQuery};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

const MANAGERS: u64 = 200;
/// The first rows: the admin and the managers; customers follow.
const STAFF: u64 = MANAGERS + 1;
/// Seconds between two people.
const STEP: i64 = 10;
/// 1 January 2026, UTC.
const START: i64 = 1_767_225_600;

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let backend = words.next().unwrap_or_else(|| "sqlite".to_owned());
    let customers: u64 = words.next().map_or(1000, |word| word.parse().expect("a number of customers"));
    let wanted = words.next().unwrap_or_default();
    let test = match backend.as_str() {
        "sqlite" => Some(TestDatabase::sqlite()),
        "postgres" => TestDatabase::postgres().await,
        "mariadb" => TestDatabase::mariadb().await,
        _ => panic!("sqlite, postgres or mariadb"),
    }
    .expect("a server");
    test.open().await.close().await.expect("a database with its schema");
    let mut options = ConnectOptions::new(test.url());
    options.max_connections(1).min_connections(1).sqlx_logging(false);
    let connection = sea_orm::Database::connect(options).await.expect("a connection");
    let begun = Instant::now();
    fill(&connection, customers).await;
    eprintln!("{backend}: filled with {customers} customers in {:?}", begun.elapsed());
    println!("| query | rows read | ms | plan |\n|---|---|---|---|");
    for (name, asked) in queries(customers) {
        if name.contains(&wanted) {
            for statement in statements(&connection, &asked).await {
                let look = look(&connection, &statement).await;
                println!("| {name} | {} | {:.1} | {} |", look.rows_read, look.time.as_secs_f64() * 1000.0, look.plan);
            }
        }
    }
    connection.close().await.expect("an orderly end");
}

/// What is asked for.
enum Asked {
    People(Scope, UserQuery),
    Events(Scope, EventQuery),
}

/// What the store sends for it.
async fn statements(connection: &DatabaseConnection, asked: &Asked) -> Vec<Statement> {
    let backend = connection.get_database_backend();
    match asked {
        Asked::Events(scope, query) => audit_statements(backend, *scope, query),
        Asked::People(scope, query) => {
            let found = match &query.filter.search {
                Some(_) => first_answer(connection, &list_statements(backend, *scope, query, 0)[0]).await,
                None => 0,
            };
            list_statements(backend, *scope, query, found)
        }
    }
}

async fn first_answer(connection: &DatabaseConnection, statement: &Statement) -> u64 {
    let row = connection.query_one_raw(statement.clone()).await.expect("an answer").expect("a row");
    row.try_get::<i64>("", "total").expect("a count").unsigned_abs()
}

/// The id of the n-th person, whose first bits are a time as in any UUID version 7.
fn id(n: u64) -> UserId {
    format!("0193{n:08x}70008000000000000000").parse().expect("an id")
}

fn created_at(n: u64) -> Timestamp {
    DateTime::from_timestamp(START, 0).expect("a time") + TimeDelta::seconds(STEP * i64::try_from(n).expect("a number"))
}

/// Of ten blocks of so many people, one is nameless: a tenth of everyone, and of the customers of each manager.
const BLOCK: u64 = MANAGERS;
const NAMELESS: u64 = 4;

/// In the last block of the nameless, where nearly all of them come before.
fn deep_among_the_nameless(last: u64) -> u64 {
    ((last / BLOCK - NAMELESS) / 10 * 10 + NAMELESS) * BLOCK + BLOCK / 2
}

/// One of 20 names, and a number.
fn name(n: u64) -> String {
    if n / BLOCK % 10 == NAMELESS {
        return String::new();
    }
    format!("{} {n}", NAMES[usize::try_from(n * 7919 / 1000 % 20).expect("below 20")])
}

const NAMES: [&str; 20] = [
    "alisher", "aziza", "bobur", "bahor", "dilnoza", "davron", "elyor", "farida", "guli", "hasan", "iroda", "jasur",
    "kamola", "laylo", "malika", "nodir", "oybek", "rustam", "sevara", "umid",
];

/// How each backend writes what the rows are made of.
struct Dialect {
    /// A table `s` with the numbers `n` from `{from}` to `{to}`.
    series: &'static str,
    id: fn(&str) -> String,
    time: fn(&str) -> String,
    /// A name, or NULL.
    name: String,
    /// Whether they have none.
    nameless: String,
}

fn dialect(backend: DbBackend) -> Dialect {
    let cases: Vec<_> = NAMES.iter().enumerate().map(|(at, name)| format!("WHEN {at} THEN '{name} '")).collect();
    // Integer division, which MySQL writes otherwise.
    let divided = |number: &str, by: u64| match backend {
        DbBackend::MySql => format!("({number} DIV {by})"),
        _ => format!("({number} / {by})"),
    };
    let nameless = format!("{} % 10 = {NAMELESS}", divided("n", BLOCK));
    let first_name = format!("CASE {} % 20 {} END", divided("n * 7919", 1000), cases.join(" "));
    let named = |name: &str| format!("CASE WHEN {nameless} THEN NULL ELSE {name} END");
    match backend {
        DbBackend::Postgres => Dialect {
            series: "generate_series({from}::bigint, {to}::bigint) AS s(n)",
            id: |n| format!("('0193' || lpad(to_hex({n}), 8, '0') || '70008000000000000000')::uuid"),
            time: |n| format!("to_timestamp({START} + {STEP} * {n})"),
            name: named(&format!("({first_name} || n)")),
            nameless,
        },
        DbBackend::MySql => Dialect {
            series: "(SELECT seq AS n FROM seq_{from}_to_{to}) AS s",
            id: |n| format!("UNHEX(CONCAT('0193', LPAD(HEX({n}), 8, '0'), '70008000000000000000'))"),
            time: |n| format!("'2026-01-01' + INTERVAL {STEP} * {n} SECOND"),
            name: named(&format!("CONCAT({first_name}, n)")),
            nameless,
        },
        _ => Dialect {
            series: "(WITH RECURSIVE s(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n < {to}) SELECT n FROM s) AS s",
            id: |n| format!("unhex(printf('0193%08x70008000000000000000', {n}))"),
            time: |n| format!("strftime('%Y-%m-%dT%H:%M:%S', {START} + {STEP} * {n}, 'unixepoch') || '+00:00'"),
            name: named(&format!("({first_name} || n)")),
            nameless,
        },
    }
}

async fn fill(connection: &DatabaseConnection, customers: u64) {
    let backend = connection.get_database_backend();
    let Dialect { series, id, time, name, nameless } = dialect(backend);
    let key = format!("COALESCE({name}, '')");
    let series = |from: u64, to: u64| series.replace("{from}", &from.to_string()).replace("{to}", &to.to_string());
    let (me, at) = (id("n"), time("n"));
    let last = STAFF + customers - 1;
    let manager = id(&format!("(1 + n % {MANAGERS})"));
    // One in 1000 is not active.
    let active = "(n % 1000 <> 0)";
    let role = format!("CASE WHEN n = 0 THEN 'admin' WHEN n < {STAFF} THEN 'manager' ELSE 'customer' END");
    let text = |expression: &str| match backend {
        DbBackend::MySql => format!("CAST({expression} AS CHAR)"),
        _ => format!("CAST({expression} AS text)"),
    };
    let concat = |parts: &[&str]| match backend {
        DbBackend::MySql => format!("CONCAT({})", parts.join(", ")),
        _ => format!("({})", parts.join(" || ")),
    };
    let padded = match backend {
        DbBackend::Sqlite => "printf('%07d', n)".to_owned(),
        _ => format!("lpad({}, 7, '0')", text("n")),
    };
    let phone = concat(&["'+99890'", &padded]);
    let email = concat(&["'m'", &text("n"), "'@example.com'"]);
    let mut statements = vec![
        format!(
            "INSERT INTO users (id, role, is_active, display_name, name_key, created_at, updated_at, version) \
             SELECT {me}, {role}, {active}, {name}, {key}, {at}, {at}, 1 FROM {}",
            series(0, last)
        ),
        format!(
            "INSERT INTO admin_managers (id, email, email_key, password_hash, verification_method, created_at, updated_at) \
             SELECT {me}, {email}, {email}, '!', 'email', {at}, {at} FROM {}",
            series(0, STAFF - 1)
        ),
        // One in 20 is nobody's; half were entered by an admin, half by their managers.
        format!(
            "INSERT INTO customers (id, phone, created_by, assigned_manager_id, metadata, name_key, created_at, updated_at) \
             SELECT {me}, {phone}, CASE WHEN n % 2 = 0 THEN {} ELSE {manager} END, \
             CASE WHEN n % 20 = 0 THEN NULL ELSE {manager} END, '{{}}', {key}, {at}, {at} FROM {}",
            id("0"),
            series(STAFF, last)
        ),
    ];
    // The nameless were handed over at one moment.
    statements.push(format!(
        "INSERT INTO audit_events (id, at, actor_id, actor_role, action, subject_id, changes) \
         SELECT {}, {}, {}, 'admin', 'customer.assigned', {me}, '{{}}' FROM {} WHERE {nameless}",
        id("(n + 1073741824)"),
        time(&(last / 2).to_string()),
        id("0"),
        series(STAFF, last)
    ));
    // Two entries about each person: entered, and signed in.
    for (kind, actor, offset) in [("user.created", id("0"), 0u64), ("session.started", me.clone(), 0x8000_0000)] {
        statements.push(format!(
            "INSERT INTO audit_events (id, at, actor_id, actor_role, action, subject_id, changes) \
             SELECT {}, {at}, {actor}, 'admin', '{kind}', {me}, '{{}}' FROM {}",
            id(&format!("(n + {offset})")),
            series(0, last)
        ));
    }
    match backend {
        DbBackend::Postgres => statements.push("VACUUM ANALYZE".to_owned()),
        DbBackend::MySql => statements.push("ANALYZE TABLE users, admin_managers, customers, audit_events".to_owned()),
        // As the service does when it closes.
        _ => statements.push("PRAGMA analysis_limit = 400; PRAGMA optimize = 0x10002".to_owned()),
    }
    for statement in statements {
        connection.execute_unprepared(&statement).await.expect("rows");
    }
}

#[expect(clippy::too_many_lines, reason = "a table, a line or two for each query")]
fn queries(customers: u64) -> Vec<(String, Asked)> {
    let last = STAFF + customers;
    // Where page 10,000 of 50 begins, or half of what there is.
    let deep = |total: u64| if total > 500_000 { 500_000 } else { total / 2 };
    let query = UserQuery::default();
    let with = |filter: Filter| UserQuery { filter, ..UserQuery::default() };
    let none = Filter::default;
    let searched = |text: &str| with(Filter { search: Some(Search::parse(text).expect("a search")), ..none() });
    let sorted = |query: &UserQuery, sort| UserQuery { sort, ..query.clone() };
    let after = |query: &UserQuery, n: u64| {
        let name = query.sort.is_by_name().then(|| name(n));
        let after = Cursor { sort: query.sort, created_at: created_at(n), name, id: id(n) };
        UserQuery { after: Some(after), ..query.clone() }
    };
    let counted = |query: &UserQuery| UserQuery { include_total: true, ..query.clone() };
    let manager = Scope::SelfAndAssigned(id(7));
    let own_customers = Scope::AssignedTo(id(7));
    let by_name = sorted(&query, Sort::NameAscending);
    let customers_only = with(Filter { role: Some(Role::Customer), ..none() });
    let among_the_nameless = |query: &UserQuery| after(query, deep_among_the_nameless(last));
    let by_name_of = |filter: Filter| sorted(&with(filter), Sort::NameAscending);
    let mut asked: Vec<(&str, Scope, UserQuery)> = vec![
        ("admin: first page", Scope::All, query.clone()),
        ("admin: page 10,000", Scope::All, after(&query, last - deep(last))),
        ("admin: oldest first, page 10,000", Scope::All, after(&sorted(&query, Sort::OldestFirst), deep(last))),
        ("admin: by name", Scope::All, by_name.clone()),
        ("admin: by name, deep", Scope::All, after(&by_name, last - 5)),
        ("admin: by name, deep among the nameless", Scope::All, among_the_nameless(&by_name)),
        ("admin: by name backwards", Scope::All, sorted(&query, Sort::NameDescending)),
        (
            "admin: by name backwards, deep among the nameless",
            Scope::All,
            after(&sorted(&query, Sort::NameDescending), deep_among_the_nameless(STAFF + 1000)),
        ),
        ("admin: role=customer", Scope::All, customers_only.clone()),
        ("admin: role=customer, page 10,000", Scope::All, after(&customers_only, last - deep(last))),
        ("admin: role=manager", Scope::All, with(Filter { role: Some(Role::Manager), ..none() })),
        ("admin: role=customer by name", Scope::All, sorted(&customers_only, Sort::NameAscending)),
        (
            "admin: role=customer by name, deep among the nameless",
            Scope::All,
            among_the_nameless(&sorted(&customers_only, Sort::NameAscending)),
        ),
        (
            "admin: role=manager by name",
            Scope::All,
            sorted(&with(Filter { role: Some(Role::Manager), ..none() }), Sort::NameAscending),
        ),
        ("admin: is_active=true", Scope::All, with(Filter { is_active: Some(true), ..none() })),
        ("admin: is_active=false", Scope::All, with(Filter { is_active: Some(false), ..none() })),
        (
            "admin: is_active=false by name",
            Scope::All,
            sorted(&with(Filter { is_active: Some(false), ..none() }), Sort::NameAscending),
        ),
        (
            "admin: role=admin&is_active=false",
            Scope::All,
            with(Filter { role: Some(Role::Admin), is_active: Some(false), ..none() }),
        ),
        (
            "admin: assigned_manager_id",
            Scope::All,
            with(Filter { assigned_manager: Some(Assignment::To(id(7))), ..none() }),
        ),
        (
            "admin: assigned_manager_id by name",
            Scope::All,
            sorted(&with(Filter { assigned_manager: Some(Assignment::To(id(7))), ..none() }), Sort::NameAscending),
        ),
        (
            "admin: assigned_manager_id by name, deep among the nameless",
            Scope::All,
            among_the_nameless(&by_name_of(Filter { assigned_manager: Some(Assignment::To(id(7))), ..none() })),
        ),
        (
            "admin: assigned_manager_id=none",
            Scope::All,
            with(Filter { assigned_manager: Some(Assignment::Nobody), ..none() }),
        ),
        (
            "admin: assigned_manager_id=none by name",
            Scope::All,
            sorted(&with(Filter { assigned_manager: Some(Assignment::Nobody), ..none() }), Sort::NameAscending),
        ),
        (
            "admin: assigned_manager_id=none by name, deep among the nameless",
            Scope::All,
            among_the_nameless(&by_name_of(Filter { assigned_manager: Some(Assignment::Nobody), ..none() })),
        ),
        ("admin: created_by a manager", Scope::All, with(Filter { created_by: Some(id(8)), ..none() })),
        ("admin: created_by an admin", Scope::All, with(Filter { created_by: Some(id(0)), ..none() })),
        (
            "admin: created_by an admin by name",
            Scope::All,
            sorted(&with(Filter { created_by: Some(id(0)), ..none() }), Sort::NameAscending),
        ),
        (
            "admin: created_by an admin by name, deep among the nameless",
            Scope::All,
            among_the_nameless(&by_name_of(Filter { created_by: Some(id(0)), ..none() })),
        ),
        (
            "admin: created_by an admin & assigned_manager_id",
            Scope::All,
            with(Filter { created_by: Some(id(0)), assigned_manager: Some(Assignment::To(id(7))), ..none() }),
        ),
        (
            "admin: created_from and created_to",
            Scope::All,
            with(Filter {
                created_from: Some(created_at(last / 2)),
                created_to: Some(created_at(last / 2 + 100)),
                ..none()
            }),
        ),
        (
            "admin: a day by name",
            Scope::All,
            sorted(
                &with(Filter {
                    created_from: Some(created_at(last / 2)),
                    created_to: Some(created_at(last / 2 + 8640)),
                    ..none()
                }),
                Sort::NameAscending,
            ),
        ),
        ("admin: q, one name", Scope::All, searched(&name(last / 2))),
        ("admin: q, a common name", Scope::All, searched("alisher")),
        ("admin: q, one letter", Scope::All, searched("a")),
        ("admin: q, one letter, deep", Scope::All, after(&searched("a"), last - deep(last))),
        ("admin: q, one letter by name", Scope::All, sorted(&searched("a"), Sort::NameAscending)),
        ("admin: q, an e-mail", Scope::All, searched("m150@")),
        ("admin: q, all e-mails", Scope::All, searched("m1")),
        ("admin: q, one phone", Scope::All, searched(&format!("+99890{:07}", last / 2))),
        ("admin: q, 1000 phones", Scope::All, searched("+998900000")),
        ("admin: q, all phones", Scope::All, searched("+998")),
        ("admin: q, all phones, page 10,000", Scope::All, after(&searched("+998"), last - deep(last))),
        ("admin: q, all phones by name", Scope::All, sorted(&searched("+998"), Sort::NameAscending)),
        (
            "admin: q, all phones, role=manager",
            Scope::All,
            with(Filter { role: Some(Role::Manager), ..searched("+998").filter }),
        ),
        (
            "admin: q, all phones, assigned_manager_id=none",
            Scope::All,
            with(Filter { assigned_manager: Some(Assignment::Nobody), ..searched("+998").filter }),
        ),
        ("admin: q, nobody", Scope::All, searched("zzz")),
        ("admin: managed-customers", Scope::AllCustomers, query.clone()),
        ("admin: managed-customers by name", Scope::AllCustomers, by_name.clone()),
        ("manager: first page", manager, query.clone()),
        ("manager: deep", manager, after(&query, last / 4)),
        ("manager: by name", manager, by_name.clone()),
        ("manager: by name, deep among the nameless", manager, among_the_nameless(&by_name)),
        ("manager: q, one letter", manager, searched("a")),
        ("manager: q, all phones", manager, searched("+998")),
        ("manager: managed-customers", own_customers, query.clone()),
        ("manager: managed-customers by name", own_customers, by_name),
        ("manager: is_active=false", own_customers, with(Filter { is_active: Some(false), ..none() })),
        ("manager: include_total", manager, counted(&query)),
        ("admin: include_total", Scope::All, counted(&query)),
        ("admin: include_total, role=customer", Scope::All, counted(&customers_only)),
        ("admin: include_total, q, all phones", Scope::All, counted(&searched("+998"))),
    ];
    let mut named: Vec<_> =
        asked.drain(..).map(|(name, scope, query)| (name.to_owned(), Asked::People(scope, query))).collect();
    named.extend(audit_queries(last));
    named
}

fn audit_queries(last: u64) -> Vec<(String, Asked)> {
    let with = |filter| EventQuery { filter, ..EventQuery::default() };
    let none = EventFilter::default;
    let middle = created_at(last / 2);
    let after = EventCursor { at: middle, id: id(last / 2).as_uuid().into() };
    let deep = |query: EventQuery| EventQuery { after: Some(after), ..query };
    // The first of those who were handed over at that moment come last.
    let first = (1 << 30) + deep_among_the_nameless(STAFF + 1000);
    let handed_over = EventCursor { at: middle, id: id(first).as_uuid().into() };
    let within_a_moment = |query: EventQuery| EventQuery { after: Some(handed_over), ..query };
    let manager = Scope::AssignedTo(id(7));
    let asked = [
        ("audit: first page", Scope::All, EventQuery::default()),
        ("audit: deep", Scope::All, deep(EventQuery::default())),
        ("audit: deep within one moment", Scope::All, within_a_moment(EventQuery::default())),
        (
            "audit: action, deep within one moment",
            Scope::All,
            within_a_moment(with(EventFilter { kind: Some(EventKind::CustomerAssigned), ..none() })),
        ),
        ("audit: subject_id", Scope::All, with(EventFilter { subject: Some(id(last / 2)), ..none() })),
        ("audit: actor_id, few", Scope::All, with(EventFilter { actor: Some(id(last / 2)), ..none() })),
        ("audit: actor_id, many", Scope::All, with(EventFilter { actor: Some(id(0)), ..none() })),
        ("audit: action", Scope::All, with(EventFilter { kind: Some(EventKind::UserCreated), ..none() })),
        ("audit: action, deep", Scope::All, deep(with(EventFilter { kind: Some(EventKind::UserCreated), ..none() }))),
        ("audit: action, none such", Scope::All, with(EventFilter { kind: Some(EventKind::KeyRotated), ..none() })),
        (
            "audit: actor_id and action",
            Scope::All,
            with(EventFilter { actor: Some(id(0)), kind: Some(EventKind::SessionStarted), ..none() }),
        ),
        (
            "audit: from and to",
            Scope::All,
            with(EventFilter { from: Some(middle), to: Some(created_at(last / 2 + 100)), ..none() }),
        ),
        ("audit: manager, first page", manager, EventQuery::default()),
        (
            "audit: manager, largest page",
            manager,
            EventQuery { size: PageSize::new(200).expect("a size"), ..EventQuery::default() },
        ),
        ("audit: manager, deep within one moment", manager, within_a_moment(EventQuery::default())),
        ("audit: manager, deep", manager, deep(EventQuery::default())),
        ("audit: manager, action", manager, with(EventFilter { kind: Some(EventKind::SessionStarted), ..none() })),
        ("audit: manager, subject_id", manager, with(EventFilter { subject: Some(id(MANAGERS * 2 + 6)), ..none() })),
        ("audit: manager without customers", Scope::AssignedTo(id(0)), EventQuery::default()),
        ("audit: manager, include_total", manager, EventQuery { include_total: true, ..EventQuery::default() }),
    ];
    asked.into_iter().map(|(name, scope, query)| (name.to_owned(), Asked::Events(scope, query))).collect()
}

struct Look {
    plan: String,
    rows_read: String,
    time: Duration,
}

async fn look(connection: &DatabaseConnection, statement: &Statement) -> Look {
    let (plan, rows_read) = match connection.get_database_backend() {
        DbBackend::Postgres => postgres_plan(connection, statement).await,
        DbBackend::MySql => (mysql_plan(connection, statement).await, mysql_rows(connection, statement).await),
        _ => (sqlite_plan(connection, statement).await, sqlite_steps(connection, statement).await),
    };
    Look { plan, rows_read, time: time(connection, statement).await }
}

/// The median of the last of a dozen runs, by which PostgreSQL has changed to a plan for any value.
async fn time(connection: &DatabaseConnection, statement: &Statement) -> Duration {
    let mut times = Vec::new();
    for run in 0..12 {
        let begun = Instant::now();
        connection.query_all_raw(statement.clone()).await.expect("rows");
        if run >= 7 {
            times.push(begun.elapsed());
        }
        if begun.elapsed() > Duration::from_secs(5) {
            return begun.elapsed();
        }
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn prefixed(prefix: &str, statement: &Statement) -> Statement {
    Statement { sql: format!("{prefix} {}", statement.sql), ..statement.clone() }
}

async fn postgres_plan(connection: &DatabaseConnection, statement: &Statement) -> (String, String) {
    let explain = prefixed("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)", statement);
    let row = connection.query_one_raw(explain).await.expect("a plan").expect("a row");
    let plan: Value = row.try_get_by_index(0).expect("JSON");
    let (mut nodes, mut rows) = (Vec::new(), 0.0);
    walk(&plan[0]["Plan"], &mut nodes, &mut rows);
    (nodes.join(" ← "), format!("{rows:.0}"))
}

fn walk(node: &Value, nodes: &mut Vec<String>, rows: &mut f64) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let of = node["Index Name"].as_str().or(node["Relation Name"].as_str());
    if let Some(of) = of {
        let count = |key: &str| node[key].as_f64().unwrap_or_default();
        let read = count("Actual Rows") + count("Rows Removed by Filter") + count("Rows Removed by Index Recheck");
        // A bitmap's rows are counted where they are fetched.
        if kind != "Bitmap Index Scan" {
            *rows += read * count("Actual Loops");
        }
        nodes.push(format!("{kind} {of}"));
    } else if !matches!(kind, "Limit" | "Subquery Scan") {
        nodes.push(kind.to_owned());
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, nodes, rows);
    }
}

async fn mysql_plan(connection: &DatabaseConnection, statement: &Statement) -> String {
    let rows = connection.query_all_raw(prefixed("EXPLAIN", statement)).await.expect("a plan");
    let lines = rows.iter().map(|row| {
        let text = |name: &str| row.try_get::<Option<String>>("", name).ok().flatten().unwrap_or_default();
        format!("{} {} {} {}", text("table"), text("type"), text("key"), text("Extra")).trim().to_owned()
    });
    lines.collect::<Vec<_>>().join(" ← ")
}

async fn mysql_rows(connection: &DatabaseConnection, statement: &Statement) -> String {
    connection.execute_unprepared("FLUSH STATUS").await.expect("no status");
    connection.query_all_raw(statement.clone()).await.expect("rows");
    let status = Statement::from_string(DbBackend::MySql, "SHOW SESSION STATUS LIKE 'Handler_read%'");
    let rows = connection.query_all_raw(status).await.expect("a status");
    let counts =
        rows.iter().map(|row| row.try_get::<String>("", "Value").expect("a count").parse::<u64>().expect("a number"));
    counts.sum::<u64>().to_string()
}

async fn sqlite_plan(connection: &DatabaseConnection, statement: &Statement) -> String {
    let rows = connection.query_all_raw(prefixed("EXPLAIN QUERY PLAN", statement)).await.expect("a plan");
    let lines = rows.iter().map(|row| row.try_get::<String>("", "detail").expect("a line"));
    lines.collect::<Vec<_>>().join(" ← ")
}

/// SQLite does not tell rows; it can tell the instructions of its machine, some ten for each row.
async fn sqlite_steps(connection: &DatabaseConnection, statement: &Statement) -> String {
    const EVERY: i32 = 100;
    let steps = Arc::new(AtomicU64::new(0));
    let pool = connection.get_sqlite_connection_pool();
    let counted = steps.clone();
    {
        let mut own = pool.acquire().await.expect("a connection");
        own.lock_handle().await.expect("its handle").set_progress_handler(EVERY, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            true
        });
    }
    connection.query_all_raw(statement.clone()).await.expect("rows");
    let mut own = pool.acquire().await.expect("a connection");
    own.lock_handle().await.expect("its handle").remove_progress_handler();
    format!("~{}", steps.load(Ordering::Relaxed) * 10)
}
