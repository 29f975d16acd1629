//! Start-up and shut-down of the service.

use std::future::ready;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::rt::net::TcpStream;
use api::{Edge, EdgeSettings, Imports, Readiness, Recent, Services, TrafficLimits};
use auth::{
    AccessTokens, AuthError, Authentication, KeyError, KeyRing, Parts, Password, PasswordHasher, PasswordPolicy,
    Refusal, SignupPolicy, Stores, TokenSettings,
};
use chrono::TimeDelta;
use delivery::{Budgets, Outbox};
use domain::{Accounts, AuditTrail, Clock, Email, Housekeeping, SystemClock, ValueError};
use persistence::{Database, DatabaseError, Options, Store};
use secrecy::ExposeSecret;
use tokio::sync::Notify;

pub use delivery::Senders;

use crate::background::Background;
use crate::connections::{Connections, Limits, WatchedStream};
use crate::observability::monitoring::{self, Observed};
use crate::settings::Settings;

pub(crate) mod listener;
pub mod senders;

use listener::Bound;
use senders::DeliveryError;

/// Who issues the access tokens and whom they are for.
const NAME: &str = "clientele";
/// How long a request in flight may take to finish after SIGTERM, in seconds.
const DRAIN_SECONDS: u64 = 30;
/// How long the whole end may take, what is in flight and what goes on beside it together. A little less than whoever
/// runs us waits until they kill (`stop_grace_period` of the compose file), so that traces can still be sent.
const STOP_TIME: Duration = Duration::from_secs(33);

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// The database cannot be opened or migrated.
    #[error("database.url: {0}")]
    Database(#[from] DatabaseError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The address is taken or not ours.
    #[error("{key}: cannot listen on {address}: {source}")]
    Listen {
        /// The setting.
        key: &'static str,
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A setting that only its user can judge.
    #[error("{key}: {error}")]
    Setting {
        /// Which.
        key: &'static str,
        /// Why not.
        error: ValueError,
    },
    /// Codes cannot be sent.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// What was asked for can't be done, and why.
    #[error("{0}")]
    Refused(String),
    /// The first admin or the setup token cannot be made.
    #[error("cannot prepare the first admin: {0}")]
    FirstAdmin(#[source] AuthError),
    /// The schema of the database is not the one this program knows.
    #[error("the database is not migrated: run `clientele migrate up` first")]
    NotMigrated,
    /// Nobody can be told what was asked for.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] std::io::Error),
    /// The server broke.
    #[error("the server failed: {0}")]
    Server(#[from] std::io::Error),
}

impl StartupError {
    /// Whether other settings would mend it.
    #[must_use]
    pub fn is_of_settings(&self) -> bool {
        match self {
            Self::Setting { .. } => true,
            Self::Keys(error) => error.is_of_master_key(),
            Self::Delivery(error) => matches!(error, DeliveryError::Settings(_)),
            Self::Database(error) => matches!(error, DatabaseError::OtherBackup { .. } | DatabaseError::NoUsers),
            Self::Listen { .. }
            | Self::Refused(_)
            | Self::FirstAdmin(_)
            | Self::NotMigrated
            | Self::Output(_)
            | Self::Server(_) => false,
        }
    }
}

/// A service that is bound to its address.
pub struct Service {
    server: Server,
    metrics: Option<Server>,
    address: SocketAddr,
    setup_token: Option<String>,
    database: Database,
    background: Background,
}

impl Service {
    /// Takes the address, opens the database, migrates it, and listens.
    ///
    /// # Errors
    /// One line that names the setting to look at.
    pub async fn start(settings: &Settings, senders: Senders) -> Result<Self, StartupError> {
        Self::start_with(settings, senders, Arc::new(SystemClock)).await
    }

    /// The same by another clock, which a test can move.
    ///
    /// # Errors
    /// One line that names the setting to look at.
    pub async fn start_with(
        settings: &Settings,
        senders: Senders,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartupError> {
        let bound = Bound::to("http.listen", settings.http.listen)?;
        let metrics = monitoring::bind(settings.metrics.listen)?;
        let Core { database, store, clock, keys, outbox_signal, authentication } = Core::open(settings, clock).await?;
        let missing_triggers = missing_triggers(&database).await;
        let outbox = Outbox::new(store.clone(), clock.clone(), keys.clone(), senders, outbox_signal, budgets(settings));
        let setup_token = first_admin(settings, &authentication).await?;
        let housekeeping = Housekeeping::new(store.clone(), clock.clone());
        let limits = Limits::of(&settings.http, workers(settings), database.max_descriptors());
        let connections = Connections::new(&settings.http, limits);
        let observed = Observed {
            connections: connections.clone(),
            database: database.clone(),
            authentication: authentication.clone(),
            housekeeping: housekeeping.clone(),
            missing_triggers,
            waiting: Recent::default(),
        };
        let metrics = metrics.map(|bound| monitoring::serve(bound, observed)).transpose()?.flatten();
        let services = Services {
            accounts: Accounts::new(store.clone(), clock.clone()),
            audit: AuditTrail::new(store),
            authentication,
            keys: keys.clone(),
            clock: clock.clone(),
            body_time: Duration::from_secs(settings.http.body_timeout.into()),
            edge: Edge::new(&edge(settings), &clock),
            readiness: Readiness::default(),
            imports: Imports::default(),
        };
        let address = bound.address();
        let accepted = limits.accepted_per_worker(workers(settings));
        let server = serve(settings, bound.listen()?, services, connections.clone(), accepted)?;
        let background = Background::start(outbox, keys, housekeeping, clock, connections);
        Ok(Self { server, metrics, address, setup_token, database, background })
    }

    /// Where the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token with which the first admin signs up, while there is none.
    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// Stops the service from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until [`Self::handle`] stops it, and closes the database.
    ///
    /// # Errors
    /// When the server breaks.
    pub async fn run(self) -> Result<(), StartupError> {
        self.run_until(std::future::pending(), std::future::pending()).await
    }

    /// Serves until `asked_to_stop`, finishes what is in flight, and closes the database: all of it within 33 seconds,
    /// and at once when `asked_again`.
    ///
    /// # Errors
    /// When the server breaks.
    pub async fn run_until(
        self,
        asked_to_stop: impl Future<Output = ()>,
        asked_again: impl Future<Output = ()>,
    ) -> Result<(), StartupError> {
        let metrics = self.metrics.map(|server| (server.handle(), tokio::spawn(server)));
        let mut server = self.server;
        let broke = tokio::select! {
            done = &mut server => Some(done),
            () = asked_to_stop => None,
        };
        let end = async {
            let done = match broke {
                Some(done) => done,
                None => finish(server).await,
            };
            tracing::info!("stopped listening; closing");
            if let Some((handle, served)) = metrics {
                handle.stop(false).await;
                let _ = served.await;
            }
            self.background.stop().await;
            if let Err(error) = self.database.close().await {
                tracing::warn!(%error, "the database was not closed cleanly");
            }
            done
        };
        Ok(in_time(end, asked_again).await.unwrap_or(Ok(()))?)
    }
}

/// Lets a server finish what is in flight.
async fn finish(server: Server) -> std::io::Result<()> {
    tracing::info!("asked to stop; finishing what is in flight");
    // The command is on its way before this future is polled; the server itself tells when it is done.
    drop(server.handle().stop(true));
    server.await
}

/// Waits for the end, unless `asked_again` or for too long.
async fn in_time<T>(end: impl Future<Output = T>, asked_again: impl Future<Output = ()>) -> Option<T> {
    tokio::select! {
        done = end => return Some(done),
        () = asked_again => tracing::warn!("asked again; waiting for nobody"),
        () = tokio::time::sleep(STOP_TIME) => tracing::warn!("some work did not end in time, and is left alone"),
    }
    None
}

/// Opens the database that the settings name.
///
/// # Errors
/// When it cannot be opened.
pub async fn open(settings: &Settings) -> Result<Database, DatabaseError> {
    let database = &settings.database;
    let options = Options {
        max_connections: database.max_connections,
        statement_cache: database.statement_cache,
        ..Options::default()
    };
    Database::connect(database.url.expose_secret(), &options).await
}

/// Opens the database, brings it to its schema, and puts authentication on it.
///
/// # Errors
/// One line that names the setting to look at.
pub async fn open_authentication(settings: &Settings) -> Result<(Database, Authentication), StartupError> {
    let core = Core::open(settings, Arc::new(SystemClock)).await?;
    Ok((core.database, core.authentication))
}

/// What both the service and the command line stand on.
struct Core {
    database: Database,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    keys: Arc<KeyRing>,
    outbox_signal: Arc<Notify>,
    authentication: Authentication,
}

impl Core {
    async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, StartupError> {
        let database = open(settings).await?;
        database.migrate().await?;
        let store = Arc::new(database.store());
        let master_key = settings.auth.master_key.clone();
        let keys = Arc::new(KeyRing::open(store.clone(), clock.clone(), master_key).await?);
        let outbox_signal = Arc::new(Notify::new());
        let authentication = authentication(settings, Stores::of(store.clone()), &clock, &keys, outbox_signal.clone())?;
        Ok(Self { database, store, clock, keys, outbox_signal, authentication })
    }
}

/// How many of the triggers that keep audit events are not there, which is told; `None` where that cannot be known.
async fn missing_triggers(database: &Database) -> Option<usize> {
    match database.missing_triggers().await {
        Ok(missing) => {
            for trigger in &missing {
                tracing::error!(trigger, "the database does not keep audit events from being changed: no such trigger");
            }
            Some(missing.len())
        }
        Err(error) => {
            tracing::warn!(error = crate::one_line(&error), "nobody knows whether the audit triggers are there");
            None
        }
    }
}

fn edge(settings: &Settings) -> EdgeSettings {
    let (http, limits) = (&settings.http, &settings.limits);
    EdgeSettings {
        trusted_proxies: http.trusted_proxies.clone(),
        cors_origins: http.cors_origins.clone(),
        traffic: limits.enabled.then_some(TrafficLimits {
            per_user: limits.per_user,
            per_address: limits.per_address,
            auth_per_address: limits.auth_per_address,
        }),
    }
}

fn budgets(settings: &Settings) -> Budgets {
    let limits = &settings.limits;
    Budgets {
        limits: limits.enabled,
        new_contacts_per_address: limits.new_contacts_per_address,
        codes_per_hour: limits.codes_per_hour,
        codes_per_day: limits.codes_per_day,
        phone_prefixes: settings.delivery.phone_prefixes.clone(),
    }
}

fn authentication(
    settings: &Settings,
    stores: Stores,
    clock: &Arc<dyn Clock>,
    keys: &Arc<KeyRing>,
    outbox_signal: Arc<Notify>,
) -> Result<Authentication, StartupError> {
    let (auth, signup) = (&settings.auth, &settings.signup);
    let setting = |key| move |error| StartupError::Setting { key, error };
    let hasher = PasswordHasher::new(auth.bcrypt_cost, PasswordHasher::default_threads());
    let passwords = PasswordPolicy::new(auth.password_min_length);
    let ttl = TimeDelta::seconds(auth.access_token_ttl.into());
    let token_settings = TokenSettings { issuer: NAME.to_owned(), audience: NAME.to_owned(), ttl };
    Ok(Authentication::new(Parts {
        stores,
        clock: clock.clone(),
        keys: keys.clone(),
        tokens: AccessTokens::new(keys.clone(), clock.clone(), token_settings),
        hasher: hasher.map_err(setting("auth.bcrypt_cost"))?,
        outbox_signal,
        settings: auth::Settings {
            signup: SignupPolicy {
                staff: signup.staff,
                verify_staff: signup.verify_staff,
                customers: signup.customers,
            },
            second_factor: auth.second_factor,
            passwords: passwords.map_err(setting("auth.password_min_length"))?,
            refresh_ttl: TimeDelta::seconds(auth.refresh_token_ttl.into()),
            session_max_ttl_staff: TimeDelta::seconds(auth.session_max_ttl_staff.into()),
            session_max_ttl_customers: TimeDelta::seconds(auth.session_max_ttl_customers.into()),
            limits: settings.limits.enabled,
            codes_per_address: settings.limits.codes_per_address,
            signups_per_address: settings.limits.signups_per_address,
            signups_per_hour: settings.limits.signups_per_hour,
        },
    }))
}

/// Makes the admin of the settings, or the token for the first one.
async fn first_admin(settings: &Settings, authentication: &Authentication) -> Result<Option<String>, StartupError> {
    if let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) {
        let email = Email::parse(email).map_err(|error| StartupError::Setting { key: "admin_email", error })?;
        let password = Password::parse(password.expose_secret())
            .map_err(|error| StartupError::Setting { key: "admin_password", error })?;
        match authentication.create_first_admin_from_settings(email, &password).await {
            Ok(_) => {}
            Err(AuthError::Invalid(refusals)) => return Err(refused("admin_password", refusals)),
            Err(error) => return Err(StartupError::FirstAdmin(error)),
        }
    }
    let token = authentication.make_setup_token().await.map_err(StartupError::FirstAdmin)?;
    Ok(token.map(|token| token.expose_secret().to_owned()))
}

/// A setting that authentication does not take, and the first reason why.
pub(crate) fn refused(key: &'static str, refusals: Vec<Refusal>) -> StartupError {
    let error = refusals.into_iter().next().map(|refusal| refusal.error);
    let error = error.unwrap_or_else(|| ValueError::new("invalid", "is not acceptable"));
    StartupError::Setting { key, error }
}

fn workers(settings: &Settings) -> usize {
    settings.http.workers.unwrap_or_else(|| available_parallelism().map_or(2, NonZero::get))
}

fn serve(
    settings: &Settings,
    listener: TcpListener,
    services: Services,
    connections: Connections,
    accepted_per_worker: usize,
) -> Result<Server, StartupError> {
    let keep_alive = Duration::from_secs(settings.http.keep_alive.into());
    let head_time = Duration::from_secs(settings.http.head_timeout.into());
    // Signals are caught by the program, from before it says that it listens.
    let server = Server::build().workers(workers(settings)).shutdown_timeout(DRAIN_SECONDS).disable_signals();
    let server = server.max_concurrent_connections(accepted_per_worker);
    let stopping = server.graceful_shutdown_signal();
    let factory = move || {
        let (connections, stopping) = (connections.clone(), stopping.clone());
        let app = App::new().configure(api::configure(services.clone())).into_factory();
        let app = app.map_err(|error: actix_web::Error| error.error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_time)
            .on_connect_ext(|stream: &WatchedStream, data| stream.add_to(data))
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| ready(admitted(&connections, stream))).and_then(http)
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

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_end_takes_its_time_but_not_for_ever_and_not_when_asked_again() {
        let began = tokio::time::Instant::now();
        assert_eq!(in_time(tokio::time::sleep(Duration::from_secs(31)), pending()).await, Some(()));
        assert_eq!(began.elapsed(), Duration::from_secs(31));
        assert_eq!(in_time(pending::<()>(), ready(())).await, None);
        assert_eq!(began.elapsed(), Duration::from_secs(31));
        assert_eq!(in_time(pending::<()>(), pending()).await, None);
        assert_eq!(began.elapsed(), Duration::from_secs(64));
    }
}
