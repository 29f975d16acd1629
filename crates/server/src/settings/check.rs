//! Which values are allowed.

use std::fmt::Display;

use auth::{MASTER_KEY_MIN_LENGTH, Password, PasswordPolicy};
use domain::Email;
use secrecy::ExposeSecret;

use super::error::SettingsError;
use super::sections::{Auth, Database, Http, Limits, Settings};

impl Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        self.auth.check()?;
        self.http.check()?;
        self.database.check()?;
        self.limits.check()?;
        self.delivery.gateways().map(drop)
    }

    /// Checks e-mail and password of the first admin. Only `serve` needs them.
    pub fn check_first_admin(&self) -> Result<(), SettingsError> {
        let (email, password) = match (&self.admin_email, &self.admin_password) {
            (None, None) => return Ok(()),
            (Some(email), Some(password)) => (email, password),
            _ => {
                let reason = "admin_email and admin_password go together: give both or none";
                return Err(SettingsError::Key(reason.to_owned()));
            }
        };
        let email = Email::parse(email).map_err(SettingsError::invalid("admin_email"))?;
        let policy = PasswordPolicy::new(self.auth.password_min_length);
        let policy = policy.map_err(SettingsError::invalid("auth.password_min_length"))?;
        let password = Password::parse(password.expose_secret());
        password
            .and_then(|password| policy.check(&password, Some(&email)))
            .map_err(SettingsError::invalid("admin_password"))
    }
}

impl Auth {
    fn check(&self) -> Result<(), SettingsError> {
        in_range("auth.bcrypt_cost", self.bcrypt_cost, 4, 15)?;
        in_range("auth.password_min_length", self.password_min_length, 8, 128)?;
        in_range("auth.access_token_ttl", self.access_token_ttl, 10, 24 * 3600)?;
        in_range("auth.refresh_token_ttl", self.refresh_token_ttl, 60, 366 * 24 * 3600)?;
        in_range("auth.session_max_ttl_staff", self.session_max_ttl_staff, 60, 366 * 24 * 3600)?;
        in_range("auth.session_max_ttl_customers", self.session_max_ttl_customers, 60, 366 * 24 * 3600)?;
        let Some(key) = &self.master_key else { return Ok(()) };
        in_range("the length of auth.master_key", key.expose_secret().chars().count(), MASTER_KEY_MIN_LENGTH, 4096)
    }
}

impl Http {
    fn check(&self) -> Result<(), SettingsError> {
        in_range("http.workers", self.workers.unwrap_or(1), 1, 512)?;
        in_range("http.head_timeout", self.head_timeout, 1, 3600)?;
        in_range("http.body_timeout", self.body_timeout, 1, 3600)?;
        in_range("http.keep_alive", self.keep_alive, 1, 3600)?;
        in_range("http.write_timeout", self.write_timeout, 1, 3600)?;
        in_range("http.max_connections", self.max_connections.unwrap_or(1), 1, 60_000)?;
        in_range("http.max_connections_per_address", self.max_connections_per_address.unwrap_or(1), 1, 60_000)
    }
}

impl Database {
    fn check(&self) -> Result<(), SettingsError> {
        in_range("database.max_connections", self.max_connections, 1, 1000)?;
        in_range("database.statement_cache", self.statement_cache, 1, 10_000)?;
        persistence::Database::check_url(self.url.expose_secret())
            .map_err(|error| SettingsError::Key(format!("database.url: {error}")))
    }
}

impl Limits {
    fn check(&self) -> Result<(), SettingsError> {
        in_range("limits.per_user", self.per_user, 1, 100_000)?;
        in_range("limits.per_address", self.per_address, 1, 100_000)?;
        in_range("limits.auth_per_address", self.auth_per_address, 1, 100_000)?;
        in_range("limits.codes_per_address", self.codes_per_address, 1, 1_000_000)?;
        in_range("limits.new_contacts_per_address", self.new_contacts_per_address, 0, 1_000_000)?;
        in_range("limits.codes_per_hour", self.codes_per_hour, 0, 100_000_000)?;
        in_range("limits.codes_per_day", self.codes_per_day, 0, 100_000_000)?;
        in_range("limits.signups_per_address", self.signups_per_address, 1, 1_000_000)?;
        in_range("limits.signups_per_hour", self.signups_per_hour, 1, 1_000_000)
    }
}

fn in_range<T: Copy + PartialOrd + Display>(key: &str, value: T, least: T, most: T) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SettingsError::Key(format!("{key} is {value}; allowed is {least} to {most}")))
}
