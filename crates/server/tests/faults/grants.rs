//! A database user who serves and owns nothing, and the triggers that keep the audit trail.

use domain::{Clock, SystemClock};
use persistence::testing::TestDatabase;
use serde_json::{Value, json};

use crate::people::{Admin, phone};
use crate::process::{PASSWORD, Program, TestApp};

async fn databases() -> Vec<TestDatabase> {
    [TestDatabase::postgres().await, TestDatabase::mariadb().await].into_iter().flatten().collect()
}

fn is_postgres(database: &TestDatabase) -> bool {
    database.url().starts_with("postgres")
}

/// A user of the server who may do nothing yet, dropped with the test.
struct ServingUser {
    name: String,
    url: String,
}

impl ServingUser {
    async fn new(database: &TestDatabase) -> Self {
        let name = format!("c{}", &SystemClock.new_id().simple().to_string()[8..]);
        let create = if is_postgres(database) {
            format!("CREATE ROLE {name} LOGIN PASSWORD 'sesame'")
        } else {
            format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'sesame'")
        };
        database.run(&create).await;
        let (scheme, rest) = database.url().split_once("://").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        Self { url: format!("{scheme}://{name}:sesame@{place}"), name }
    }

    async fn drop(self, database: &TestDatabase) {
        let name = self.name;
        let drop = if is_postgres(database) {
            format!("DROP OWNED BY {name}; DROP ROLE {name}")
        } else {
            format!("DROP USER '{name}'@'%'")
        };
        database.run(&drop).await;
    }
}

async fn call(app: &TestApp, method: &str, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
    let request = reqwest::Client::new().request(method.parse().unwrap(), app.url(path)).json(&body);
    let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

/// A day of work: people are entered, changed, handed over and erased, and sign in and out.
async fn main_jobs(app: &TestApp, admin: &Admin) {
    let token = Some(admin.token());
    let mut managers = Vec::new();
    for email in ["one@example.com", "two@example.com"] {
        let manager = json!({ "role": "manager", "email": email, "password": PASSWORD });
        let (status, manager) = call(app, "POST", "/users/", token, manager).await;
        assert_eq!(status, 201, "{manager}");
        managers.push(manager["id"].as_str().unwrap().to_owned());
    }
    let customer = json!({ "role": "customer", "phone": phone(1), "assigned_manager_id": managers[0] });
    let (status, customer) = call(app, "POST", "/users/", token, customer).await;
    assert_eq!(status, 201, "{customer}");
    let path = format!("/users/{}", customer["id"].as_str().unwrap());
    for (method, path, body, expected) in [
        ("PATCH", path.clone(), json!({ "display_name": "Ann", "metadata": { "a": 1 } }), 200),
        ("POST", format!("/users/{}/handover", managers[0]), json!({ "to": [managers[1]], "deactivate": true }), 200),
        ("GET", path.clone() + "/data", json!({}), 200),
        ("GET", "/audit-events?include_total=true".to_owned(), json!({}), 200),
        ("POST", "/auth/signin".to_owned(), json!({ "phone": phone(1) }), 202),
        ("POST", "/auth/signin".to_owned(), json!({ "email": "two@example.com", "password": "wrong, all wrong" }), 401),
        ("POST", "/auth/password/forgot".to_owned(), json!({ "email": "two@example.com" }), 202),
        ("DELETE", path, json!({}), 204),
        ("DELETE", format!("/users/{}", managers[0]), json!({}), 204),
    ] {
        let (status, answer) = call(app, method, &path, token, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer} {}", app.stderr());
    }
    let sign_in = json!({ "email": "two@example.com", "password": PASSWORD });
    let (status, signed_in) = call(app, "POST", "/auth/signin", None, sign_in).await;
    assert_eq!(status, 200, "{signed_in}");
    let renew = json!({ "refresh_token": signed_in["refresh_token"] });
    let (status, renewed) = call(app, "POST", "/auth/refresh", None, renew).await;
    assert_eq!(status, 200, "{renewed}");
    let (status, _) = call(app, "POST", "/auth/signout", renewed["access_token"].as_str(), json!({})).await;
    assert_eq!(status, 204);
    let keyed = reqwest::Client::new().post(app.url("/users/")).bearer_auth(admin.token());
    let keyed = keyed.header("idempotency-key", "once").json(&json!({ "role": "customer", "phone": phone(2) }));
    assert_eq!(keyed.send().await.unwrap().status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_owns_nothing_serves_and_can_change_no_history() {
    for database in databases().await {
        let owner = Program::on(&database);
        assert_eq!(owner.run(&["migrate", "up"]).code(), Some(0));
        let user = ServingUser::new(&database).await;
        let grants = owner.run(&["migrate", "grants", "--to", &user.name]);
        assert_eq!(grants.code(), Some(0), "{}", grants.stderr());
        for statement in grants.stdout().lines() {
            database.run(statement).await;
        }
        let serving = Program::on(&database)
            .with("CLIENTELE_DATABASE__URL", &user.url)
            .with("CLIENTELE_METRICS__LISTEN", "127.0.0.1:0");
        let mut app = serving.serve();
        let admin = Admin::first(&mut app).await;
        main_jobs(&app, &admin).await;
        for words in [&["keys", "rotate"][..], &["keys", "list"], &["export"], &["migrate", "status"]] {
            let done = serving.run(words);
            assert_eq!(done.code(), Some(0), "{words:?} {}", done.stderr());
        }
        let imported = serving.run_with_input(&["import", "-"], "phone,display_name\n+998911111111,Ben\n");
        assert_eq!(imported.code(), Some(0), "{}", imported.stderr());
        until_housekeeping(&database).await;
        let metrics = app.metrics().await;
        assert!(metrics.lines().any(|line| line == "clientele_audit_triggers_missing 0"), "{metrics}");
        let log = app.stderr();
        assert!(!log.contains("ERROR") && !log.contains("denied"), "{log}");
        can_change_no_history(&database, &user).await;
        drop(app);
        user.drop(&database).await;
    }
}

/// The lease of housekeeping is taken, so it has run.
async fn until_housekeeping(database: &TestDatabase) {
    let taken = "SELECT holder FROM locks WHERE name = 'housekeeping' AND holder > 0";
    let deadline = std::time::Instant::now() + crate::process::PATIENCE;
    while database.rows(taken).await.is_empty() {
        assert!(std::time::Instant::now() < deadline, "no housekeeping");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn can_change_no_history(database: &TestDatabase, user: &ServingUser) {
    let as_user = TestDatabase::of_another(&user.url);
    let before = database.rows("SELECT COUNT(*) AS n FROM audit_events").await;
    let (drop, disable) = if is_postgres(database) {
        ("DROP TRIGGER audit_events_no_delete ON audit_events", "ALTER TABLE audit_events DISABLE TRIGGER ALL")
    } else {
        ("DROP TRIGGER audit_events_no_delete", "CREATE TRIGGER mine BEFORE INSERT ON users FOR EACH ROW SET @a = 1")
    };
    for statement in [
        drop,
        disable,
        "ALTER TABLE users ADD COLUMN wings INT",
        "CREATE TABLE wings (id INT)",
        "DROP TABLE audit_events",
        "TRUNCATE TABLE audit_events",
        "DELETE FROM audit_events",
        "UPDATE audit_events SET action = 'user.updated'",
        "UPDATE audit_events SET actor_id = NULL",
        "UPDATE seaql_migrations SET version = 'x'",
        "INSERT INTO locks (name) VALUES ('wings')",
    ] {
        assert!(as_user.try_run(statement).await.is_err(), "{statement}");
    }
    assert_eq!(database.rows("SELECT COUNT(*) AS n FROM audit_events").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_owns_nothing_says_who_has_to_migrate() {
    for database in databases().await {
        let user = ServingUser::new(&database).await;
        let grant = if is_postgres(&database) {
            // PostgreSQL 15 and later do so by default.
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_owned()
        } else {
            let name = database.url().rsplit('/').next().unwrap();
            format!("GRANT SELECT ON {name}.* TO '{}'@'%'", user.name)
        };
        database.run(&grant).await;
        let serving = Program::on(&database).with("CLIENTELE_DATABASE__URL", &user.url);
        let done = serving.run(&["serve"]);
        done.failed(1, &["migrate up", "migrate grants"]);
        assert!(!done.stderr().contains("sesame"));
        user.drop(&database).await;
    }
}

#[test]
fn grants_are_for_servers_and_for_names() {
    let program = Program::new();
    program.run(&["migrate", "grants"]).failed(2, &["SQLite has no users"]);
    assert_eq!(program.run(&["migrate", "grants", "--to", ""]).code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_its_rights() {
    for database in databases().await {
        let owner = Program::on(&database);
        assert_eq!(owner.run(&["migrate", "up"]).code(), Some(0));
        let schema = if is_postgres(&database) { "'public'" } else { "DATABASE()" };
        let tables = format!("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = {schema}");
        let done = owner.run(&["migrate", "grants"]);
        let quote = if is_postgres(&database) { '"' } else { '`' };
        let mut granted: Vec<_> = done
            .stdout()
            .lines()
            .filter(|line| line.starts_with("GRANT") && !line.contains(" ON SCHEMA "))
            .map(|line| line.split_once(" ON ").unwrap().1.split(quote).nth(3).unwrap().to_owned())
            .collect();
        granted.sort();
        let mut found: Vec<_> =
            database.rows(&tables).await.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
        found.sort();
        assert_eq!(granted, found);
        assert!(done.stdout().contains("clientele_service"), "{}", done.stdout());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_trigger_is_told_at_start_and_counted() {
    let all = [Some(TestDatabase::sqlite()), TestDatabase::postgres().await, TestDatabase::mariadb().await];
    for database in all.into_iter().flatten() {
        let program = Program::on(&database).with("CLIENTELE_METRICS__LISTEN", "127.0.0.1:0");
        let is_counted = async |app: &TestApp, count: usize| {
            let metrics = app.metrics().await;
            let line = format!("clientele_audit_triggers_missing {count}");
            assert!(metrics.lines().any(|found| found == line), "no {line} in {metrics}");
        };
        let app = program.serve();
        is_counted(&app, 0).await;
        assert!(!app.stderr().contains("ERROR"), "{}", app.stderr());
        app.kill();
        let on = if is_postgres(&database) { " ON audit_events" } else { "" };
        for (count, trigger) in [(1, "audit_events_no_update"), (2, "audit_events_no_delete")] {
            database.run(&format!("DROP TRIGGER {trigger}{on}")).await;
            let app = program.serve();
            is_counted(&app, count).await;
            let log = app.stderr();
            assert!(log.lines().any(|line| line.contains("ERROR") && line.contains(trigger)), "{log}");
            app.kill();
        }
        assert_eq!(database.rows("SELECT id FROM audit_events").await.len(), 0, "nothing is left of the look");
        if is_postgres(&database) {
            database.run("ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_truncate").await;
            is_counted(&program.serve(), 3).await;
        }
    }
}
