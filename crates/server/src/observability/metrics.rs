//! The metrics with their names and meanings, and the one recorder of the process.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::audit::EventKind;
use domain::{ErrorChain, VerificationMethod};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Buckets of durations, from a cached answer to the longest that anything may take.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// How often measurements are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Counters and their meanings.
const COUNTERS: &[(&str, &str)] = &[
    ("clientele_http_requests_total", "Requests answered, by method, route and status"),
    ("clientele_http_connections_refused_total", "Connections closed at once, since all or one address had too many"),
    ("clientele_token_checks_total", "Access tokens checked, by whether the token was known here"),
    ("clientele_identity_lookups_total", "Callers looked up, by whether the database was asked"),
    ("clientele_password_hashes_total", "Passwords hashed or checked"),
    ("clientele_password_hashes_rejected_total", "Passwords refused since all threads were busy"),
    ("clientele_outbox_attempts_total", "Attempts to hand a message to a gateway, by channel and outcome"),
    ("clientele_challenges_opened_total", "One-time codes asked for, decoys included"),
    ("clientele_challenges_redeemed_total", "One-time codes that were right"),
    ("clientele_challenges_failed_total", "One-time codes that were wrong, spent or expired"),
    ("clientele_codes_withheld_total", "Codes that were not sent, by channel and reason"),
    ("clientele_audit_events_total", "What was recorded in the audit trail, by action"),
    ("clientele_expired_rows_removed_total", "Expired rows that this instance removed"),
];
/// Gauges and their meanings.
const GAUGES: &[(&str, &str)] = &[
    ("clientele_http_connections", "Connections of clients"),
    ("clientele_database_connections", "Connections to the database, by pool and whether in use"),
    ("clientele_database_connections_max", "Most connections at once, by pool"),
    ("clientele_database_up", "Whether the database answered when the metrics were read"),
    ("clientele_audit_triggers_missing", "Triggers that protect audit events and were missing at start"),
    ("clientele_password_hashes_waiting", "Passwords that wait for a thread"),
    ("clientele_outbox_pending", "Messages that wait to be sent, on all instances together"),
    ("clientele_build_info", "Always 1; the label has the version"),
];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The recorder of the process; `None` if it could not be set.
pub(super) fn recorder() -> Option<&'static PrometheusHandle> {
    let start = || start_recording().map_err(|error| tracing::warn!(error = %ErrorChain(&*error), "no metrics")).ok();
    RECORDER.get_or_init(start).as_ref()
}

fn start_recording() -> Result<PrometheusHandle, Box<dyn std::error::Error>> {
    let buckets = Matcher::Suffix("_seconds".to_owned());
    let recorder = PrometheusBuilder::new().set_buckets_for_metric(buckets, SECONDS)?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
    start_at_zero();
    set_constants();
    Ok(handle)
}

/// Keeps measurements small while nobody reads them. Runs until it is dropped.
pub(crate) async fn run_upkeep() {
    loop {
        tokio::time::sleep(UPKEEP).await;
        if let Some(Some(recorder)) = RECORDER.get() {
            recorder.run_upkeep();
        }
    }
}

fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(*name, *meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(*name, *meaning);
    }
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "When the process began, since 1970");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory in use");
    describe_histogram!(
        "clientele_http_request_duration_seconds",
        Unit::Seconds,
        "From the head of a request to the head of its answer"
    );
}

/// Counters begin at 0, so that their first step shows.
fn start_at_zero() {
    for name in [
        "clientele_challenges_opened_total",
        "clientele_challenges_redeemed_total",
        "clientele_challenges_failed_total",
        "clientele_expired_rows_removed_total",
    ] {
        counter!(name).increment(0);
    }
    for source in ["memory", "signature"] {
        counter!("clientele_token_checks_total", "source" => source).increment(0);
    }
    for source in ["memory", "database"] {
        counter!("clientele_identity_lookups_total", "source" => source).increment(0);
    }
    for limit in ["all", "address"] {
        counter!("clientele_http_connections_refused_total", "limit" => limit).increment(0);
    }
    for channel in VerificationMethod::ALL.iter().map(|channel| channel.as_str()) {
        for outcome in ["accepted", "failed", "given_up"] {
            counter!("clientele_outbox_attempts_total", "channel" => channel, "outcome" => outcome).increment(0);
        }
        for reason in delivery::WITHHELD_REASONS {
            counter!("clientele_codes_withheld_total", "channel" => channel, "reason" => reason).increment(0);
        }
    }
    for action in EventKind::ALL {
        counter!("clientele_audit_events_total", "action" => action.as_str()).increment(0);
    }
}

fn set_constants() {
    gauge!("clientele_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!("process_start_time_seconds").set(now.as_secs_f64());
}
