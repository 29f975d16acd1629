//! `GET /metrics`, on a listener of its own.

use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use api::Recent;
use auth::Passwords;
use domain::{ErrorChain, Housekeeping};
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use persistence::Database;
use tokio::time::timeout;

use super::metrics::recorder;
use crate::connections::{Connections, cut_off_after};
use crate::error::StartupError;
use crate::listener::Bound;
use crate::settings::MetricsListen;

/// How long the database may take when metrics are read.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(1);

/// Most readers of the metrics at once; others wait.
const MAX_CONNECTIONS: usize = 24;
/// How long a reader may read nothing of its answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The parts whose state is measured when metrics are read.
#[derive(Clone)]
pub(crate) struct Monitored {
    pub(crate) connections: Connections,
    pub(crate) database: Database,
    pub(crate) passwords: Passwords,
    pub(crate) housekeeping: Housekeeping,
    /// Missing triggers of the audit trail at start, if known.
    pub(crate) missing_triggers: Option<usize>,
    /// How many messages wait in the outbox; `None` when the database does not answer.
    pub(crate) waiting: Recent<Option<u64>>,
}

/// Binds the address, so that a wrong one is known before anything else begins.
pub(crate) fn bind(listen: MetricsListen) -> Result<Option<Bound>, StartupError> {
    let Some(address) = listen.address() else { return Ok(None) };
    if_free(Bound::to("metrics.listen", address), listen)
}

/// Continues without metrics if the default address is in use.
fn if_free<T>(taken: Result<T, StartupError>, listen: MetricsListen) -> Result<Option<T>, StartupError> {
    match (taken, listen) {
        (Err(error), MetricsListen::IfFree) => {
            tracing::warn!("no metrics: {}; set metrics.listen to another address, or to off", ErrorChain(&error));
            Ok(None)
        }
        (taken, _) => taken.map(Some),
    }
}

/// Serves `GET /metrics` without authentication.
pub(crate) fn serve(bound: Bound, listen: MetricsListen, monitored: Monitored) -> Result<Option<Server>, StartupError> {
    let url = format!("http://{}/metrics", bound.address());
    let Some(listener) = if_free(bound.listen(), listen)? else { return Ok(None) };
    let monitored = Data::new(monitored);
    recorder();
    tracing::info!("metrics are on {url}");
    let factory = move || App::new().app_data(monitored.clone()).route("/metrics", web::get().to(read));
    // Slow readers are cut off like other clients, since only a few can read at once.
    let server =
        HttpServer::new(factory).workers(1).max_connections(MAX_CONNECTIONS).disable_signals().tcp_nodelay(true);
    let server = server.on_connect(|stream, _| {
        stream.downcast_ref::<TcpStream>().into_iter().for_each(|stream| cut_off_after(stream, READ_TIMEOUT));
    });
    Ok(Some(server.listen(listener)?.run()))
}

async fn read(monitored: Data<Monitored>) -> HttpResponse {
    observe(&monitored).await;
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

/// Sets the metrics that describe a state and do not count events.
#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers, and these are small")]
async fn observe(monitored: &Monitored) {
    gauge!("clientele_http_connections").set(monitored.connections.count() as f64);
    for pool in monitored.database.pools() {
        let in_use = pool.size.saturating_sub(pool.idle);
        for (state, count) in [("in_use", in_use), ("idle", pool.idle)] {
            gauge!("clientele_database_connections", "pool" => pool.name, "state" => state).set(f64::from(count));
        }
        gauge!("clientele_database_connections_max", "pool" => pool.name).set(f64::from(pool.max));
    }
    let housekeeping = monitored.housekeeping.clone();
    let asked = || async move { timeout(DATABASE_TIMEOUT, housekeeping.waiting_messages()).await.ok()?.ok() };
    let waiting = monitored.waiting.get(asked).await.flatten();
    gauge!("clientele_database_up").set(if waiting.is_some() { 1.0 } else { 0.0 });
    if let Some(waiting) = waiting {
        gauge!("clientele_outbox_pending").set(waiting as f64);
    }
    if let Some(missing) = monitored.missing_triggers {
        gauge!("clientele_audit_triggers_missing").set(missing as f64);
    }
    let hasher = monitored.passwords.hasher_stats();
    counter!("clientele_password_hashes_total").absolute(hasher.computed);
    counter!("clientele_password_hashes_rejected_total").absolute(hasher.rejected);
    gauge!("clientele_password_hashes_waiting").set(hasher.waiting as f64);
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
}

/// Known on Linux only.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
