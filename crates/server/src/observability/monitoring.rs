//! Metrics: what is counted, how it is called, and the listener where it is read.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::dev::Server;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use api::Recent;
use auth::Authentication;
use domain::Housekeeping;
use domain::audit::EventKind;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use persistence::Database;
use tokio::time::timeout;

use crate::connections::{Connections, cut_off_after};
use crate::settings::MetricsListen;
use crate::startup::StartupError;
use crate::startup::listener::Bound;

/// From a cached answer to the longest that anything may take.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// How often what was measured is put into its buckets, whether or not anybody reads it.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long a reader of the metrics waits for the database.
const DATABASE_TIME: Duration = Duration::from_secs(1);

/// Most readers of the metrics at once; others wait.
const MAX_CONNECTIONS: usize = 24;
/// How long one of them may take nothing of what it asked for.
const READ_TIME: Duration = Duration::from_secs(30);

/// What is asked for its state when somebody reads the metrics.
#[derive(Clone)]
pub(crate) struct Observed {
    pub(crate) connections: Connections,
    pub(crate) database: Database,
    pub(crate) authentication: Authentication,
    pub(crate) housekeeping: Housekeeping,
    /// Of the audit trail, at start, if it is known.
    pub(crate) missing_triggers: Option<usize>,
    /// How many messages wait; `None` when the database does not say.
    pub(crate) waiting: Recent<Option<u64>>,
}

/// An address for metrics.
pub(crate) struct Place {
    bound: Bound,
    listen: MetricsListen,
}

/// Takes the address, so that a wrong one is known before anything else begins.
pub(crate) fn bind(listen: MetricsListen) -> Result<Option<Place>, StartupError> {
    let Some(address) = listen.address() else { return Ok(None) };
    let bound = if_free(Bound::to("metrics.listen", address), listen)?;
    Ok(bound.map(|bound| Place { bound, listen }))
}

/// Does without what nobody asked for.
fn if_free<T>(taken: Result<T, StartupError>, listen: MetricsListen) -> Result<Option<T>, StartupError> {
    match (taken, listen) {
        (Err(error), MetricsListen::IfFree) => {
            tracing::warn!("no metrics: {}; set metrics.listen to another address, or to off", crate::one_line(&error));
            Ok(None)
        }
        (taken, _) => taken.map(Some),
    }
}

/// Serves `GET /metrics`, to whoever reaches the address.
pub(crate) fn serve(place: Place, observed: Observed) -> Result<Option<Server>, StartupError> {
    let address = place.bound.address();
    let Some(listener) = if_free(place.bound.listen(), place.listen)? else { return Ok(None) };
    let observed = Data::new(observed);
    recorder();
    tracing::info!("metrics are on http://{address}/metrics");
    let factory = move || App::new().app_data(observed.clone()).route("/metrics", web::get().to(read));
    // Those who read metrics are few. The same watch as over other clients keeps them from holding on to what they got.
    let server = HttpServer::new(factory).workers(1).max_connections(MAX_CONNECTIONS).disable_signals();
    let server = server.on_connect(|stream, _| {
        stream.downcast_ref::<TcpStream>().into_iter().for_each(|stream| cut_off_after(stream, READ_TIME));
    });
    Ok(Some(server.listen(listener)?.run()))
}

/// Keeps what is measured small until it is read. Goes on until it is dropped.
pub(crate) async fn keep_up() {
    loop {
        tokio::time::sleep(UPKEEP).await;
        if let Some(Some(recorder)) = RECORDER.get() {
            recorder.run_upkeep();
        }
    }
}

async fn read(observed: Data<Observed>) -> HttpResponse {
    observe(&observed).await;
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// One for the process; `None` if another library was faster.
fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER.get_or_init(start_recording).as_ref()
}

fn start_recording() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .map_err(|error| tracing::warn!(%error, "no metrics"))
        .ok()?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| tracing::warn!(%error, "no metrics")).ok()?;
    describe();
    Some(handle)
}

/// What every metric means; those that count begin at 0, so that their first step shows.
fn describe() {
    describe_counter!("clientele_http_requests_total", "Requests answered, by method, route and status");
    describe_histogram!(
        "clientele_http_request_duration_seconds",
        Unit::Seconds,
        "From the head of a request to the head of its answer"
    );
    describe_gauge!("clientele_http_connections", "Connections of clients");
    describe_counter!(
        "clientele_http_connections_refused_total",
        "Connections closed at once, since all or one address had too many"
    );
    for limit in ["all", "address"] {
        counter!("clientele_http_connections_refused_total", "limit" => limit).increment(0);
    }
    describe_gauge!("clientele_database_connections", "Connections to the database, by pool and whether in use");
    describe_gauge!("clientele_database_connections_max", "Most connections at once, by pool");
    describe_gauge!("clientele_database_up", "Whether the database answered when the metrics were read");
    describe_gauge!("clientele_audit_triggers_missing", "Triggers that keep audit events and were not there at start");
    describe_counter!("clientele_password_hashes_total", "Passwords hashed or checked");
    describe_counter!("clientele_password_hashes_rejected_total", "Passwords turned away since all threads were busy");
    describe_gauge!("clientele_password_hashes_waiting", "Passwords that wait for a thread");
    describe_gauge!("clientele_outbox_pending", "Messages that wait to be sent, on all instances together");
    describe_counter!(
        "clientele_outbox_attempts_total",
        "Attempts to hand a message to a gateway, by channel and outcome"
    );
    for (name, meaning) in [
        ("clientele_challenges_opened_total", "One-time codes asked for, decoys included"),
        ("clientele_challenges_redeemed_total", "One-time codes that were right"),
        ("clientele_challenges_failed_total", "One-time codes that were wrong, spent or expired"),
        ("clientele_expired_rows_removed_total", "Expired rows that this instance cleared away"),
    ] {
        describe_counter!(name, meaning);
        counter!(name).increment(0);
    }
    for channel in domain::VerificationMethod::ALL {
        for outcome in ["accepted", "failed", "given_up"] {
            let labels = [("channel", channel.as_str()), ("outcome", outcome)];
            counter!("clientele_outbox_attempts_total", &labels).increment(0);
        }
    }
    describe_counter!("clientele_codes_withheld_total", "Codes that were not sent, by channel and reason");
    for channel in domain::VerificationMethod::ALL {
        for reason in delivery::WITHHELD_REASONS {
            let labels = [("channel", channel.as_str()), ("reason", reason)];
            counter!("clientele_codes_withheld_total", &labels).increment(0);
        }
    }
    describe_counter!("clientele_audit_events_total", "What was recorded in the audit trail, by action");
    for action in EventKind::ALL {
        counter!("clientele_audit_events_total", "action" => action.as_str()).increment(0);
    }
    describe_gauge!("clientele_build_info", "Always 1; the label has the version");
    gauge!("clientele_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "When the process began, since 1970");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!("process_start_time_seconds").set(now.as_secs_f64());
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory in use");
}

/// Looks at what is a state and not an event.
#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers, and these are small")]
async fn observe(observed: &Observed) {
    gauge!("clientele_http_connections").set(observed.connections.count() as f64);
    for pool in observed.database.pools() {
        let in_use = pool.size.saturating_sub(pool.idle);
        for (state, count) in [("in_use", in_use), ("idle", pool.idle)] {
            gauge!("clientele_database_connections", "pool" => pool.name, "state" => state).set(f64::from(count));
        }
        gauge!("clientele_database_connections_max", "pool" => pool.name).set(f64::from(pool.max));
    }
    let housekeeping = observed.housekeeping.clone();
    let asked = || async move { timeout(DATABASE_TIME, housekeeping.waiting_messages()).await.ok()?.ok() };
    let waiting = observed.waiting.get(asked).await.flatten();
    gauge!("clientele_database_up").set(if waiting.is_some() { 1.0 } else { 0.0 });
    if let Some(waiting) = waiting {
        gauge!("clientele_outbox_pending").set(waiting as f64);
    }
    if let Some(missing) = observed.missing_triggers {
        gauge!("clientele_audit_triggers_missing").set(missing as f64);
    }
    let hasher = observed.authentication.hasher_stats();
    counter!("clientele_password_hashes_total").absolute(hasher.computed);
    counter!("clientele_password_hashes_rejected_total").absolute(hasher.rejected);
    gauge!("clientele_password_hashes_waiting").set(hasher.waiting as f64);
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
}

/// As Linux tells it; elsewhere nobody does.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
