//! The HTTP server of the API.

use std::future::ready;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use api::{Middleware, MiddlewareSettings, RateLimits, Services};
use persistence::Database;

use crate::connections::{Connections, WatchedStream, keep_busy};
use crate::error::StartupError;
use crate::settings::{Http, Settings};

/// How long a request in flight may take to finish after SIGTERM, in seconds.
const DRAIN_SECONDS: u64 = 30;

/// How many threads serve requests.
pub(super) fn workers(http: &Http) -> usize {
    http.workers.unwrap_or_else(|| available_parallelism().map_or(2, NonZero::get))
}

/// What the API does before a request reaches an endpoint.
fn middleware(settings: &Settings) -> MiddlewareSettings {
    let (http, limits) = (&settings.http, &settings.limits);
    MiddlewareSettings {
        trusted_proxies: http.trusted_proxies.clone(),
        cors_origins: http.cors_origins.clone(),
        rate_limits: limits.enabled.then_some(RateLimits {
            per_user: limits.per_user,
            per_address: limits.per_address,
            auth_per_address: limits.auth_per_address,
        }),
    }
}

/// Serves the API to the connections that are admitted.
pub(super) fn serve(
    settings: &Settings,
    listener: TcpListener,
    services: Services,
    connections: Connections,
    database: Database,
) -> Result<Server, StartupError> {
    let http = &settings.http;
    let keep_alive = Duration::from_secs(http.keep_alive.into());
    let head_time = Duration::from_secs(http.head_timeout.into());
    // `cli::serve` catches the signals, from before the service listens.
    let workers = workers(http);
    let server = Server::build().workers(workers).shutdown_timeout(DRAIN_SECONDS).disable_signals();
    let server = server.max_concurrent_connections(connections.accepted_per_worker(workers));
    let stopping = server.graceful_shutdown_signal();
    let middleware = Middleware::new(&middleware(settings), services.clock.clone());
    // Called on each of these threads.
    let factory = move || {
        database.read_on_this_thread();
        let (connections, stopping) = (connections.clone(), stopping.clone());
        let api = api::configure(services.clone(), middleware.clone());
        let app = App::new().configure(api).wrap(from_fn(keep_busy)).into_factory();
        let app = app.map_err(|error: actix_web::Error| error.error_response());
        let service = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_time)
            .on_connect_ext(|stream: &WatchedStream, data| stream.add_to(data))
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| ready(admitted(&connections, stream))).and_then(service)
    };
    Ok(server.listen("http", listener, factory)?.run())
}

fn admitted(
    connections: &Connections,
    stream: TcpStream,
) -> Result<(WatchedStream, Option<SocketAddr>), DispatchError> {
    let peer = stream.peer_addr().ok();
    let stream = connections.admit(stream).ok_or(DispatchError::Io(ErrorKind::ConnectionRefused.into()))?;
    Ok((stream, peer))
}
