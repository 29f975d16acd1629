//! Metrics of the real program, and the documents that name them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use persistence::testing::TestDatabase;
use serde_json::{Value, json};

use crate::people::{Admin, phone};
use crate::process::{PATIENCE, Program, TestApp};

impl TestApp {
    pub(crate) async fn metrics(&self) -> String {
        let address = self.metrics_address().await;
        let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        answer.text().await.unwrap()
    }
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find(|line| line.rsplit_once(' ').is_some_and(|(name, _)| name == series));
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{metrics}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

async fn busy(program: &Program) -> (TestApp, Admin) {
    let mut app = program.serve();
    let admin = Admin::first(&mut app).await;
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
    assert_eq!(admin.get("/users/00000000-0000-0000-0000-000000000000").await.unwrap().status(), 404);
    assert_eq!(admin.get("/nowhere/at/all").await.unwrap().status(), 404);
    let client = reqwest::Client::new();
    let sent = client.post(app.url("/auth/signin")).json(&json!({ "phone": phone(1) })).send().await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    let wrong = json!({ "challenge_id": sent["challenge_id"], "code": "no" });
    let answer = client.post(app.url("/auth/verify")).json(&wrong).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    (app, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_counted() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await, TestDatabase::mariadb().await] {
        let Some(database) = database else { continue };
        let program = Program::on(&database).with("CLIENTELE_METRICS__LISTEN", "127.0.0.1:0");
        let (app, _) = busy(&program).await;
        let metrics = app.metrics().await;
        for (series, expected) in [
            (r#"clientele_http_requests_total{method="POST",route="/users/",status="201"}"#, 1.0),
            (r#"clientele_http_requests_total{method="GET",route="/users/{id}",status="404"}"#, 1.0),
            (r#"clientele_http_requests_total{method="GET",route="unmatched",status="404"}"#, 1.0),
            (r#"clientele_http_request_duration_seconds_count{method="POST",route="/users/"}"#, 1.0),
            (r#"clientele_http_request_duration_seconds_bucket{method="POST",route="/users/",le="+Inf"}"#, 1.0),
            (r#"clientele_audit_events_total{action="session.started"}"#, 1.0),
            (r#"clientele_audit_events_total{action="user.created"}"#, 2.0),
            (r#"clientele_audit_events_total{action="user.erased"}"#, 0.0),
            ("clientele_challenges_opened_total", 1.0),
            ("clientele_challenges_failed_total", 1.0),
            ("clientele_challenges_redeemed_total", 0.0),
            ("clientele_password_hashes_total", 1.0),
            ("clientele_password_hashes_rejected_total", 0.0),
            ("clientele_database_up", 1.0),
        ] {
            assert!((value(&metrics, series) - expected).abs() < 0.1, "{series} in\n{metrics}");
        }
        assert!(value(&metrics, "process_resident_memory_bytes") > 1e6);
        assert!(value(&metrics, "process_start_time_seconds") > 1e9);
        assert!(metrics.contains(&format!("clientele_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))));
        assert!(metrics.contains("clientele_database_connections{pool="));
        assert!(!metrics.contains(&phone(1)) && !metrics.contains("nowhere"), "{metrics}");
        assert_eq!(reqwest::get(app.url("/metrics")).await.unwrap().status(), 401, "not where the people are");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_with_default_settings_goes_without_metrics() {
    let program = || Program::new().without("CLIENTELE_METRICS__LISTEN");
    let one = program().serve();
    let two = program().serve();
    // Another program on this machine may have the port; then neither of them has it.
    let deadline = Instant::now() + PATIENCE;
    while !two.stderr().contains("no metrics: ") && !one.stderr().contains("no metrics: ") {
        assert!(Instant::now() < deadline, "{} {}", one.stderr(), two.stderr());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("clientele_") || word.starts_with("process_")).map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_documents_is_exported() {
    let program = Program::new().with("CLIENTELE_METRICS__LISTEN", "127.0.0.1:0");
    let (app, _) = busy(&program).await;
    let exported = names(&app.metrics().await);
    for document in ["docs/grafana-dashboard.json", "docs/alerts.yml", "docs/operation.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
        let text = std::fs::read_to_string(path).unwrap();
        // These are names of database users and a target of the log, not of metrics.
        let others = ["clientele_owner", "clientele_service", "clientele_api"];
        let named = names(&others.iter().fold(text, |text, other| text.replace(other, "")));
        assert!(!named.is_empty());
        let unknown: Vec<_> = named.difference(&exported).collect();
        assert!(unknown.is_empty(), "{document} names {unknown:?}, which is not exported");
    }
}
