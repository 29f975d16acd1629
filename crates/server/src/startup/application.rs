//! The application without its HTTP server. The service and the commands use it.

use std::net::SocketAddr;
use std::sync::Arc;

use api::PublicUrl;
use auth::{AuthError, KeyRing, PasswordHasher, PasswordPolicy, SignupPolicy, TokenSettings};
use chrono::TimeDelta;
use delivery::Budgets;
use domain::{Clock, ErrorChain};
use persistence::{Database, DatabaseError, Options, Store};
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use super::http_server;
use crate::error::StartupError;
use crate::settings::{Settings, SettingsError};

/// The migrated database, the keys, and authentication.
pub(crate) struct Application {
    pub(crate) database: Database,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) public_url: PublicUrl,
    pub(crate) outbox_signal: Arc<Notify>,
    pub(crate) auth: auth::Services,
}

impl Application {
    /// Opens the database, migrates it, and reads the keys.
    /// Clients reach the service at `address` unless the settings name a URL.
    pub(crate) async fn open(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        address: SocketAddr,
    ) -> Result<Self, StartupError> {
        let database = open_database_for(settings, http_server::workers(&settings.http)).await?;
        database.migrate().await?;
        let store = Arc::new(database.store());
        let master_key = settings.auth.master_key.clone();
        let algorithm = settings.auth.token_algorithm;
        let keys = Arc::new(KeyRing::open(store.clone(), clock.clone(), master_key, algorithm).await?);
        let outbox_signal = Arc::new(Notify::new());
        let public_url = settings.http.public_url.clone().unwrap_or_else(|| PublicUrl::of_address(address));
        let env = auth_env(settings, &clock, &keys, &outbox_signal, &public_url)?;
        let auth = auth::Services::new(&store, env);
        Ok(Self { database, store, clock, keys, public_url, outbox_signal, auth })
    }

    /// Makes the admin that the settings name. Returns the setup token while there is no admin.
    pub(super) async fn prepare_first_admin(&self, settings: &Settings) -> Result<Option<String>, StartupError> {
        let admins = &self.auth.admins;
        if let Some((email, password)) = settings.first_admin()? {
            match admins.create_first_from_settings(email, &password).await {
                Ok(_) => {}
                Err(AuthError::Invalid(refusals)) => return Err(StartupError::refused("admin_password", refusals)),
                Err(error) => return Err(StartupError::FirstAdmin(error)),
            }
        }
        let token = admins.make_setup_token().await.map_err(StartupError::FirstAdmin)?;
        Ok(token.map(|token| token.expose_secret().to_owned()))
    }

    /// How many triggers that protect audit events are missing; `None` if the database does not tell. Logs which.
    pub(crate) async fn missing_triggers(&self) -> Option<usize> {
        match self.database.missing_triggers().await {
            Ok(missing) => {
                for trigger in &missing {
                    tracing::error!(trigger, "a trigger is missing, so audit events can be changed");
                }
                Some(missing.len())
            }
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), "cannot find out whether the audit triggers are there");
                None
            }
        }
    }
}

/// Opens the database that the settings name.
pub(crate) async fn open_database(settings: &Settings) -> Result<Database, DatabaseError> {
    open_database_for(settings, 0).await
}

async fn open_database_for(settings: &Settings, threads: usize) -> Result<Database, DatabaseError> {
    let database = &settings.database;
    let options = Options {
        max_connections: database.max_connections.unwrap_or_else(|| connections_for(threads)),
        statement_cache: database.statement_cache,
        threads,
        ..Options::default()
    };
    Database::connect(database.url.expose_secret(), &options).await
}

/// How many connections to open to a server when no setting says so: two for each thread to read with, and as many
/// that all share. Two instances find room on a PostgreSQL that allows 100, as it does by default.
fn connections_for(threads: usize) -> u32 {
    u32::try_from(threads * 4).unwrap_or(u32::MAX).clamp(10, 50)
}

/// Opens the database. Fails if it is not migrated.
pub(crate) async fn open_migrated(settings: &Settings) -> Result<Database, StartupError> {
    let database = open_database(settings).await?;
    let schema = database.schema().await?;
    if !schema.unknown.is_empty() {
        return Err(DatabaseError::SchemaTooNew(schema.unknown).into());
    }
    if schema.is_current() { Ok(database) } else { Err(StartupError::NotMigrated) }
}

fn auth_env(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    keys: &Arc<KeyRing>,
    outbox_signal: &Arc<Notify>,
    public_url: &PublicUrl,
) -> Result<auth::Env, StartupError> {
    let (auth, signup) = (&settings.auth, &settings.signup);
    let hasher = PasswordHasher::new(auth.bcrypt_cost, PasswordHasher::default_threads(), auth.bcrypt_engine);
    let passwords = PasswordPolicy::new(auth.password_min_length);
    Ok(auth::Env {
        clock: clock.clone(),
        keys: keys.clone(),
        tokens: token_settings(settings, public_url),
        hasher: hasher.map_err(SettingsError::invalid("auth.bcrypt_cost"))?,
        outbox_signal: outbox_signal.clone(),
        settings: auth::Settings {
            signup: SignupPolicy {
                staff: signup.staff,
                verify_staff: signup.verify_staff,
                customers: signup.customers,
            },
            second_factor: auth.second_factor,
            passwords: passwords.map_err(SettingsError::invalid("auth.password_min_length"))?,
            refresh_ttl: TimeDelta::seconds(auth.refresh_token_ttl.into()),
            session_max_ttl_staff: TimeDelta::seconds(auth.session_max_ttl_staff.into()),
            session_max_ttl_customers: TimeDelta::seconds(auth.session_max_ttl_customers.into()),
            identity_cache: auth.identity_cache,
            limits: settings.limits.enabled,
            codes_per_address: settings.limits.codes_per_address,
            signups_per_address: settings.limits.signups_per_address,
            signups_per_hour: settings.limits.signups_per_hour,
        },
    })
}

fn token_settings(settings: &Settings, public_url: &PublicUrl) -> TokenSettings {
    TokenSettings {
        issuer: public_url.to_string(),
        accepts_addresses: settings.http.public_url.is_none(),
        audience: settings.auth.audience.clone(),
        ttl: TimeDelta::seconds(settings.auth.access_token_ttl.into()),
    }
}

/// How many codes may be sent.
pub(crate) fn budgets(settings: &Settings) -> Budgets {
    let limits = &settings.limits;
    Budgets {
        limits: limits.enabled,
        new_contacts_per_address: limits.new_contacts_per_address,
        codes_per_hour: limits.codes_per_hour,
        codes_per_day: limits.codes_per_day,
        phone_prefixes: settings.delivery.phone_prefixes.clone(),
    }
}

/// Closes the database. A failure is only logged, since the work is complete.
pub(crate) async fn close(database: Database) {
    if let Err(error) = database.close().await {
        tracing::warn!(error = %ErrorChain(&error), "the database was not closed cleanly");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_have_more_connections_within_bounds() {
        let connections = [0, 1, 2, 4, 12, 13, 512].map(connections_for);
        assert_eq!(connections, [10, 10, 10, 16, 48, 50, 50]);
    }
}
