//! Start-up and shut-down of the service.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer};
use api::{Edge, EdgeSettings, Imports, Services, TrafficLimits};
use auth::{
    AccessTokens, AuthError, Authentication, KeyError, KeyRing, Outbox, OutboxBell, Parts, Password, PasswordHasher,
    PasswordPolicy, Refusal, SignupPolicy, Stores, TokenSettings,
};
use chrono::TimeDelta;
use domain::{Accounts, AuditTrail, Clock, Email, Housekeeping, SystemClock, ValueError};
use persistence::{Database, DatabaseError, Options, Store};
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use auth::Senders;

use crate::connections::Connections;
use crate::delivery::DeliveryError;
use crate::monitoring::Observed;
use crate::settings::Settings;
use crate::{housekeeping, monitoring};

/// Who issues the access tokens and whom they are for.
const NAME: &str = "clientele";
/// How long a request in flight may take to finish after SIGTERM, in seconds.
const DRAIN_SECONDS: u64 = 30;
/// How often keys that another instance made are looked for: several times within [`KeyRing::NOTICE`],
/// so that one reading may fail.
const KEY_RELOAD: TimeDelta = TimeDelta::seconds(20);

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
            Self::Database(_)
            | Self::Listen { .. }
            | Self::Refused(_)
            | Self::FirstAdmin(_)
            | Self::NotMigrated
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
    /// Opens the database, migrates it, and binds the address.
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
        let listener = listen("http.listen", settings.http.listen)?;
        let metrics = monitoring::listen(settings.metrics.listen)?;
        let Core { database, store, clock, keys, bell, authentication } = Core::open(settings, clock).await?;
        let outbox = Outbox::new(store.clone(), clock.clone(), keys.clone(), senders, bell);
        let setup_token = first_admin(settings, &authentication).await?;
        let housekeeping = Housekeeping::new(store.clone(), clock.clone());
        let observed = Observed {
            database: database.clone(),
            authentication: authentication.clone(),
            housekeeping: housekeeping.clone(),
        };
        let metrics = metrics.map(|listener| monitoring::serve(listener, observed)).transpose()?;
        let services = Services {
            accounts: Accounts::new(store.clone(), clock.clone()),
            audit: AuditTrail::new(store),
            authentication,
            keys: keys.clone(),
            clock: clock.clone(),
            body_time: Duration::from_secs(settings.http.body_timeout.into()),
            edge: Edge::new(&edge(settings), &clock),
            imports: Imports::default(),
        };
        let address = listener.local_addr()?;
        let connections = Connections::new(head_time(settings));
        let server = serve(settings, listener, services, connections.clone())?;
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

    /// Serves until `asked_to_stop`, finishes what is in flight unless `asked_again`, and closes the database.
    ///
    /// # Errors
    /// When the server breaks.
    pub async fn run_until(
        self,
        asked_to_stop: impl Future<Output = ()>,
        asked_again: impl Future<Output = ()>,
    ) -> Result<(), StartupError> {
        let metrics = self.metrics.map(|server| (server.handle(), tokio::spawn(server)));
        let done = serve_until(self.server, asked_to_stop, asked_again).await;
        tracing::info!("stopped listening; closing");
        if let Some((handle, served)) = metrics {
            handle.stop(false).await;
            let _ = served.await;
        }
        self.background.stop().await;
        if let Err(error) = self.database.close().await {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
        Ok(done?)
    }
}

async fn serve_until(
    mut server: Server,
    asked_to_stop: impl Future<Output = ()>,
    asked_again: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let handle = server.handle();
    tokio::select! {
        done = &mut server => return done,
        () = asked_to_stop => {}
    }
    tracing::info!("asked to stop; finishing what is in flight");
    // The command is on its way before this future is polled; the server itself tells when it is done.
    drop(handle.stop(true));
    tokio::select! {
        done = server => done,
        () = asked_again => Ok(()),
    }
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
    bell: OutboxBell,
    authentication: Authentication,
}

impl Core {
    async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, StartupError> {
        let database = open(settings).await?;
        database.migrate().await?;
        let store = Arc::new(database.store());
        let master_key = settings.auth.master_key.clone();
        let keys = Arc::new(KeyRing::open(store.clone(), clock.clone(), master_key).await?);
        let bell = OutboxBell::default();
        let authentication = authentication(settings, Stores::of(store.clone()), &clock, &keys, bell.clone())?;
        Ok(Self { database, store, clock, keys, bell, authentication })
    }
}

pub(crate) fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartupError> {
    let listener = TcpListener::bind(address).map_err(|source| StartupError::Listen { key, address, source })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
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

fn authentication(
    settings: &Settings,
    stores: Stores,
    clock: &Arc<dyn Clock>,
    keys: &Arc<KeyRing>,
    bell: OutboxBell,
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
        bell,
        settings: auth::Settings {
            signup: SignupPolicy {
                staff: signup.staff,
                verify_staff: signup.verify_staff,
                customers: signup.customers,
            },
            second_factor: auth.second_factor,
            passwords: passwords.map_err(setting("auth.password_min_length"))?,
            refresh_ttl: TimeDelta::seconds(auth.refresh_token_ttl.into()),
            limits: settings.limits.enabled,
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

fn head_time(settings: &Settings) -> Duration {
    Duration::from_secs(settings.http.head_timeout.into())
}

fn serve(
    settings: &Settings,
    listener: TcpListener,
    services: Services,
    connections: Connections,
) -> Result<Server, StartupError> {
    let factory = move || App::new().configure(api::configure(services.clone()));
    let server = HttpServer::new(factory).client_request_timeout(head_time(settings)).shutdown_timeout(DRAIN_SECONDS);
    let mut server = server.on_connect(move |stream, data| connections.add(stream, data));
    // Caught by the program, from before it says that it listens.
    server = server.disable_signals();
    if let Some(workers) = settings.http.workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Work that goes on beside the requests.
struct Background {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Background {
    fn start(
        outbox: Outbox,
        keys: Arc<KeyRing>,
        housekeeping: Housekeeping,
        clock: Arc<dyn Clock>,
        connections: Connections,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let told = wait(stopped.clone());
        tasks.spawn(async move { outbox.run(told).await });
        tasks.spawn(async move {
            tokio::select! {
                () = wait(stopped) => {}
                () = reload(&keys, &*clock) => {}
                () = housekeeping::run(&housekeeping) => {}
                () = monitoring::keep_up() => {}
                () = connections.watch() => {}
            }
        });
        Self { tasks, stop }
    }

    async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn reload(keys: &KeyRing, clock: &dyn Clock) {
    let mut last = clock.now();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = clock.now();
        // A clock that was set back is no reason to wait.
        if (now - last).abs() < KEY_RELOAD {
            continue;
        }
        last = now;
        if let Err(error) = keys.reload().await {
            tracing::warn!(%error, "the keys were not read again");
        }
    }
}
