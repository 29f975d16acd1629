//! Opens pipelines as `sqlx` opens its connections: to the same server, as the same user, as safely.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use url::{Url, form_urlencoded};

use super::Pipeline;
use super::tls::{Authority, Trust};
use super::wire::{Address, Tls, Wire};
use crate::options::Options;

/// After this a query is given up: it held up those behind it.
const STATEMENT_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a query may wait for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_millis(100);

/// A server, and how to connect to it. Never printed, since it may hold a password.
pub(crate) struct Target {
    address: Address,
    /// Whom to trust, and whether TLS is a must; `None` where it is not asked for.
    tls: Option<(Trust, bool)>,
    session: Config,
    statements: usize,
}

impl Target {
    /// What the options of `sqlx` say. `None` where they ask for what there is only there: client certificates,
    /// `verify-ca` and `allow`.
    pub(crate) fn of(server: &PgConnectOptions, options: &Options) -> Option<Self> {
        let hidden = Hidden::of(server)?;
        let socket = server.get_socket().cloned();
        let socket = socket.or_else(|| Some(PathBuf::from(server.get_host())).filter(|path| path.has_root()));
        let tls = match server.get_ssl_mode() {
            PgSslMode::Disable => None,
            PgSslMode::Prefer => Some((Trust::Anybody, false)),
            PgSslMode::Require => Some((Trust::Anybody, true)),
            PgSslMode::VerifyFull => Some((Trust::Authorities(hidden.authority), true)),
            PgSslMode::Allow | PgSslMode::VerifyCa => return None,
        };
        let address = match socket {
            // A server has no TLS there.
            Some(_) if cfg!(not(unix)) || tls.as_ref().is_some_and(|(_, is_required)| *is_required) => return None,
            Some(folder) => Address::Socket(folder.join(format!(".s.PGSQL.{}", server.get_port()))),
            None => Address::Tcp { host: server.get_host().to_owned(), port: server.get_port() },
        };
        let session = session(server, options, hidden.password.as_deref());
        Some(Self { address, tls, session, statements: options.statement_cache })
    }

    /// A pipeline, and the task that works for it in the current runtime. It ends when the pipeline is dropped.
    pub(super) async fn open(&self) -> Result<(Pipeline, JoinHandle<()>), Box<dyn std::error::Error + Send + Sync>> {
        let tls = match &self.tls {
            Some((trust, is_required)) => Some(Tls { config: trust.config().await?, is_required: *is_required }),
            None => None,
        };
        let wire = Wire::open(&self.address, tls).await?;
        let (client, connection) = self.session.connect_raw(wire, NoTls).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a pipeline was lost");
            }
        });
        Ok((Pipeline::new(client, task.abort_handle(), self.statements), task))
    }
}

/// The same session as `sqlx` asks for, with time for short queries only.
fn session(server: &PgConnectOptions, options: &Options, password: Option<&str>) -> Config {
    let milliseconds = |limit: Duration, most: Duration| limit.min(most).as_millis();
    let statement_timeout = milliseconds(STATEMENT_TIMEOUT, options.statement_timeout);
    let lock_timeout = milliseconds(LOCK_TIMEOUT, options.lock_timeout);
    // What is named twice is as named last.
    let parameters = format!(
        "{} -c statement_timeout={statement_timeout} -c lock_timeout={lock_timeout} \
         -c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO,MDY",
        server.get_options().unwrap_or_default(),
    );
    let mut session = Config::new();
    // TLS is begun before, so none is asked for here.
    session.ssl_mode(SslMode::Disable).user(server.get_username()).options(parameters.trim());
    if let Some(database) = server.get_database() {
        session.dbname(database);
    }
    if let Some(name) = server.get_application_name() {
        session.application_name(name);
    }
    if let Some(password) = password {
        session.password(password);
    }
    session
}

/// What `sqlx` has no other way to ask for than the whole as a URL.
struct Hidden {
    password: Option<String>,
    authority: Option<Authority>,
}

impl Hidden {
    /// `None` with a certificate of the client.
    fn of(server: &PgConnectOptions) -> Option<Self> {
        // Not every host and name makes a URL. They are known anyway.
        let url = server.clone().host("localhost").username("user").database("database").to_url_lossy();
        let option =
            |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        if option("sslcert").is_some() || option("sslkey").is_some() {
            return None;
        }
        let authority = option("sslrootcert").map(|shown| match shown.strip_prefix("file: ") {
            Some(path) => Authority::File(path.into()),
            None => Authority::Pem(shown),
        });
        Some(Self { password: password(&url)?, authority })
    }
}

/// The password; `None` if it cannot be read.
fn password(url: &Url) -> Option<Option<String>> {
    let Some(encoded) = url.password() else { return Some(None) };
    // In a form `+` is a space, and `sqlx` encodes it.
    let mut parsed = form_urlencoded::parse(encoded.as_bytes());
    let (password, _) = parsed.next()?;
    // What is not UTF-8 was replaced.
    (!password.contains('\u{fffd}')).then(|| Some(password.into_owned()))
}

#[cfg(test)]
mod tests;
