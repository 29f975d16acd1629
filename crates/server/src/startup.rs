//! Start-up and shut-down of the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use api::{Console, Imports, Readiness, Recent, Services};
use delivery::Outbox;
pub use delivery::Senders;
use domain::{Accounts, Clock, Housekeeping};
use persistence::Database;

use crate::background::Background;
use crate::connections::Connections;
use crate::error::StartupError;
use crate::listener::Bound;
use crate::observability::monitoring::{self, Monitored};
use crate::settings::Settings;
use application::{Application, budgets};

pub(crate) mod application;
mod http_server;
mod shutdown;

/// A service that is bound to its address.
pub struct Service {
    server: Server,
    metrics: Option<Server>,
    address: SocketAddr,
    setup_token: Option<String>,
    has_console: bool,
    database: Database,
    background: Background,
}

impl Service {
    /// Binds the address, opens and migrates the database, and listens.
    pub async fn start(settings: &Settings, senders: Senders, clock: Arc<dyn Clock>) -> Result<Self, StartupError> {
        let bound = Bound::to("http.listen", settings.http.listen)?;
        let metrics = monitoring::bind(settings.metrics.listen)?;
        let application = Application::open(settings, clock, bound.address()).await?;
        let missing_triggers = application.missing_triggers().await;
        let setup_token = application.prepare_first_admin(settings).await?;
        let services = services(settings, &application);
        let has_console = services.console.is_some();
        let Application { database, store, clock, keys, outbox_signal, auth, .. } = application;
        let housekeeping = Housekeeping::new(store.clone(), clock.clone());
        let workers = http_server::workers(&settings.http);
        let connections = Connections::new(&settings.http, workers, database.max_descriptors());
        let monitored = Monitored {
            connections: connections.clone(),
            database: database.clone(),
            passwords: auth.passwords,
            housekeeping: housekeeping.clone(),
            missing_triggers,
            waiting: Recent::default(),
        };
        let serve_metrics = |bound| monitoring::serve(bound, settings.metrics.listen, monitored);
        let metrics = metrics.map(serve_metrics).transpose()?.flatten();
        let address = bound.address();
        let server = http_server::serve(settings, bound.listen()?, services, connections.clone(), database.clone())?;
        let outbox = Outbox::new(store, clock.clone(), keys.clone(), senders, outbox_signal, budgets(settings));
        let background = Background::start(outbox, keys, housekeeping, clock, connections);
        Ok(Self { server, metrics, address, setup_token, has_console, database, background })
    }

    /// Where the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token with which the first admin signs up; `None` if there is an admin.
    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// Whether the console is served.
    #[must_use]
    pub fn has_console(&self) -> bool {
        self.has_console
    }

    /// A handle that stops the service.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until [`Self::handle`] stops it, and closes the database.
    pub async fn run(self) -> Result<(), StartupError> {
        self.run_until(std::future::pending(), std::future::pending()).await
    }

    /// Serves until `asked_to_stop`, finishes the requests in flight, and closes the database: all of it within 33
    /// seconds, and at once when `asked_again`.
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
            let done = if let Some(done) = broke {
                done
            } else {
                self.database.read_on_no_thread();
                shutdown::finish(server).await
            };
            tracing::info!("stopped listening; closing");
            if let Some((handle, served)) = metrics {
                handle.stop(false).await;
                let _ = served.await;
            }
            self.background.stop().await;
            application::close(self.database).await;
            done
        };
        Ok(shutdown::in_time(end, asked_again).await.unwrap_or(Ok(()))?)
    }
}

/// The use-cases that the routes call.
fn services(settings: &Settings, application: &Application) -> Services {
    let Application { store, clock, keys, public_url, auth, .. } = application;
    Services {
        accounts: Accounts::new(store.clone(), clock.clone()),
        auth: auth.clone(),
        keys: keys.clone(),
        public_url: public_url.clone(),
        clock: clock.clone(),
        body_timeout: Duration::from_secs(settings.http.body_timeout.into()),
        readiness: Readiness::default(),
        imports: Imports::default(),
        console: console(settings),
    }
}

/// The console, if the program has it and the settings want it.
#[cfg(feature = "console")]
fn console(settings: &Settings) -> Option<Console> {
    settings.console.enabled.then_some(Console { configure: ::console::configure })
}

#[cfg(not(feature = "console"))]
fn console(_: &Settings) -> Option<Console> {
    None
}
