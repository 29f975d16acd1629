//! Which values are allowed.

use std::fmt::Display;

use auth::{MASTER_KEY_MIN_LENGTH, Password, PasswordPolicy};
use domain::Email;
use secrecy::ExposeSecret;

use super::sections::Settings;
use crate::error::SettingsError;

/// The numbers that are bounded: the key, the least and the most.
const RANGES: [(&str, u64, u64); 24] = [
    ("auth.access_token_ttl", 10, 24 * 3600),
    ("auth.bcrypt_cost", 4, 15),
    ("auth.password_min_length", 8, 128),
    ("auth.refresh_token_ttl", 60, 366 * 24 * 3600),
    ("auth.session_max_ttl_customers", 60, 366 * 24 * 3600),
    ("auth.session_max_ttl_staff", 60, 366 * 24 * 3600),
    ("database.max_connections", 1, 1000),
    ("database.statement_cache", 1, 10_000),
    ("http.body_timeout", 1, 3600),
    ("http.head_timeout", 1, 3600),
    ("http.keep_alive", 1, 3600),
    ("http.max_connections", 1, 60_000),
    ("http.max_connections_per_address", 1, 60_000),
    ("http.workers", 1, 512),
    ("http.write_timeout", 1, 3600),
    ("limits.auth_per_address", 1, 100_000),
    ("limits.codes_per_address", 1, 1_000_000),
    ("limits.codes_per_day", 0, 100_000_000),
    ("limits.codes_per_hour", 0, 100_000_000),
    ("limits.new_contacts_per_address", 0, 1_000_000),
    ("limits.per_address", 1, 100_000),
    ("limits.per_user", 1, 100_000),
    ("limits.signups_per_address", 1, 1_000_000),
    ("limits.signups_per_hour", 1, 1_000_000),
];

impl Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let shown = self.shown();
        for (key, least, most) in RANGES {
            let value = shown.iter().find(|(shown, _)| shown == key);
            if let Some(number) = value.and_then(|(_, value)| value.as_u64()) {
                in_range(key, number, least, most)?;
            }
        }
        in_range("the length of auth.audience", self.auth.audience.chars().count(), 1, 255)?;
        if let Some(key) = &self.auth.master_key {
            let length = key.expose_secret().chars().count();
            in_range("the length of auth.master_key", length, MASTER_KEY_MIN_LENGTH, 4096)?;
        }
        persistence::Database::check_url(self.database.url.expose_secret())
            .map_err(|error| SettingsError::Key(format!("database.url: {error}")))?;
        self.delivery.gateways().map(drop)
    }

    /// E-mail and password of the first admin, if they are set. Only `serve` needs them.
    pub fn first_admin(&self) -> Result<Option<(Email, Password)>, SettingsError> {
        let (email, password) = match (&self.admin_email, &self.admin_password) {
            (None, None) => return Ok(None),
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
        let password = password.and_then(|password| policy.check(&password, Some(&email)).map(|()| password));
        Ok(Some((email, password.map_err(SettingsError::invalid("admin_password"))?)))
    }
}

fn in_range<T: Copy + PartialOrd + Display>(key: &str, value: T, least: T, most: T) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SettingsError::Key(format!("{key} is {value}; allowed is {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_among_the_settings_is_bounded() {
        let numbers = Settings::default().shown().into_iter().filter(|(_, value)| value.is_number());
        for (key, value) in numbers {
            let range = RANGES.iter().find(|(known, ..)| *known == key).unwrap_or_else(|| panic!("{key} has no range"));
            assert!((range.1..=range.2).contains(&value.as_u64().unwrap()), "{key}");
        }
        let known: Vec<_> = Settings::default().shown().into_iter().map(|(key, _)| key).collect();
        assert!(RANGES.iter().all(|(key, ..)| known.iter().any(|known| known == key)));
    }
}
