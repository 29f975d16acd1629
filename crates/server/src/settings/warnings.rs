//! Warns of settings that are allowed but not fit for production.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::Serialized;
use persistence::Database;
use secrecy::ExposeSecret;

use super::sections::Settings;
use super::shown;
use super::sources::{Variable, leaves};

/// The lowest bcrypt cost for passwords of people.
const LEAST_COST: u32 = 10;

/// The files that secrets were read from, each with the name of the setting or variable.
pub(super) fn secret_files(path: &Path, table: &toml::Table, variables: &[Variable]) -> Vec<(String, PathBuf)> {
    let of_variable = |variable: &Variable| Some((variable.name.clone(), variable.file.clone()?));
    let of_table = secret_in(table).map(|key| (key, path.to_owned()));
    variables.iter().filter_map(of_variable).chain(of_table).collect()
}

/// The first key of a settings file whose value holds a secret.
fn secret_in(table: &toml::Table) -> Option<String> {
    let settings: Settings = Figment::from(Serialized::defaults(table)).extract().ok()?;
    let is_hidden = |key: &str, value: &str| shown::hides(value) || is_url_with_user(table, key);
    let mut hidden =
        settings.shown().into_iter().filter(|(key, value)| value.as_str().is_some_and(|v| is_hidden(key, v)));
    let given = leaves(table);
    hidden.find(|(key, _)| given.contains(key)).map(|(key, _)| key)
}

/// Whether the file has a URL with a user at this key. Shown URLs have no user.
fn is_url_with_user(table: &toml::Table, key: &str) -> bool {
    let mut parts = key.split('.');
    let first = parts.next().and_then(|name| table.get(name));
    let value = parts.fold(first, |value, name| value?.get(name));
    value.and_then(toml::Value::as_str).is_some_and(|text| text.contains("://") && text.contains('@'))
}

impl Settings {
    /// A sentence for each setting that is not fit for production. It begins with the key.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let proxies = self.http.trusted_proxies.iter().filter(|network| network.is_everybody());
        warnings.extend(proxies.map(|network| {
            format!("http.trusted_proxies: {network} includes everybody, so clients can forge their addresses")
        }));
        if !self.limits.enabled {
            warnings.push("limits.enabled: nothing is limited, so attackers can guess passwords and codes".to_owned());
        }
        if self.auth.bcrypt_cost < LEAST_COST {
            let cost = self.auth.bcrypt_cost;
            warnings.push(format!("auth.bcrypt_cost: {cost} is for tests; password hashes are cheap to guess"));
        }
        warnings.extend(self.warnings_of_database());
        warnings.extend(self.secret_files.iter().filter_map(|(key, path)| readable_by_others(key, path)));
        warnings
    }

    fn warnings_of_database(&self) -> Vec<String> {
        let Ok(Some(server)) = Database::server(self.database.url.expose_secret()) else { return Vec::new() };
        let mut warnings = Vec::new();
        if self.auth.master_key.is_none() {
            let text = "auth.master_key: not set, so anyone who reads the database can sign access tokens";
            warnings.push(text.to_owned());
        }
        if server.is_remote && !server.requires_tls {
            let text = "database.url: the connection goes over the network and may be without TLS; add";
            warnings.push(format!("{text} {} to the URL", server.tls_option));
        }
        if server.has_unknown_options {
            warnings.push("database.url: an option is unknown and ignored".to_owned());
        }
        warnings
    }
}

fn readable_by_others(key: &str, path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let who = match (mode & 0o004 != 0, mode & 0o040 != 0) {
        (true, _) => "everybody on this computer",
        (false, true) => "its group",
        (false, false) => return None,
    };
    let path = path.display();
    Some(format!("{key}: the secret in {path} can be read by {who}; `chmod 600 {path}` keeps it to its owner"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        Settings::load(Some(file.path()), variables, Vec::new()).unwrap().warnings()
    }

    const KEY: (&str, &str) = ("CLIENTELE_AUTH__MASTER_KEY", "open sesame, open sesame");

    #[test]
    fn the_defaults_give_no_reason_to_warn() {
        assert_eq!(warnings(&[]), Vec::<String>::new());
        assert_eq!(warnings(&[KEY, ("DATABASE_URL", "postgres://ann:x@localhost/x")]), Vec::<String>::new());
        assert_eq!(warnings(&[("CLIENTELE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")]), Vec::<String>::new());
    }

    #[test]
    fn each_weakness_is_one_warning_that_names_its_key() {
        for (variables, key) in [
            (&[("CLIENTELE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0")][..], "http.trusted_proxies: 0.0.0.0/0 "),
            (&[("CLIENTELE_HTTP__TRUSTED_PROXIES", "::/0")], "http.trusted_proxies: ::/0 "),
            (&[("CLIENTELE_LIMITS__ENABLED", "false")], "limits.enabled: "),
            (&[("CLIENTELE_AUTH__BCRYPT_COST", "9")], "auth.bcrypt_cost: 9 "),
            (&[("DATABASE_URL", "postgres://ann@127.0.0.1/x")], "auth.master_key: "),
            (&[("DATABASE_URL", "mysql:///x?socket=/run/mysqld.sock")], "auth.master_key: "),
            (&[KEY, ("DATABASE_URL", "postgres://ann:sesame@db/x")], "database.url: "),
            (&[KEY, ("DATABASE_URL", "postgres://db/x?sslmode=prefer")], "database.url: "),
            (&[KEY, ("DATABASE_URL", "postgres://localhost/x?host=db")], "database.url: "),
            (&[KEY, ("DATABASE_URL", "mysql://10.0.0.1/x")], "database.url: "),
            (&[KEY, ("DATABASE_URL", "postgres://localhost/x?sslpassword=sesame")], "database.url: an option "),
        ] {
            let warnings = warnings(variables);
            assert!(warnings.len() == 1 && warnings[0].starts_with(key), "{variables:?}: {warnings:?}");
            assert!(!warnings[0].contains("sesame") && !warnings[0].contains('\n'), "{warnings:?}");
        }
    }

    #[test]
    fn a_connection_that_cannot_be_read_along_is_no_reason_to_warn() {
        for url in [
            "postgres://db/x?sslmode=require",
            "postgres://db/x?sslmode=verify-full",
            "postgres://[::1]/x",
            "postgres://127.0.0.53/x",
            "postgres:///x?host=/run/postgresql",
            "postgres://ann:x@/x?host=/cloudsql/a:b:c",
            "mysql://db/x?ssl-mode=REQUIRED",
            "mysql://db/x?ssl-mode=verify_identity",
            "mysql://db/x?socket=/run/mysqld/mysqld.sock",
            "mysql://localhost/x",
        ] {
            assert_eq!(warnings(&[KEY, ("DATABASE_URL", url)]), Vec::<String>::new(), "{url}");
        }
    }

    #[test]
    fn a_secret_that_others_can_read_is_told() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), KEY.1).unwrap();
        let settings = tempfile::NamedTempFile::new().unwrap();
        let variable = ("CLIENTELE_AUTH__MASTER_KEY_FILE".to_owned(), secret.path().to_str().unwrap().to_owned());
        let path = settings.path().display().to_string();
        for (text, key) in [
            ("[delivery.webhook]\nsecret = \"sesame\"", Some("delivery.webhook.secret: ")),
            ("[telemetry]\notlp_endpoint = \"https://ann:sesame@traces\"", Some("telemetry.otlp_endpoint: ")),
            ("[log]\nlevel = \"warn\"", None),
        ] {
            for (mode, who) in [(0o600, None), (0o640, Some("its group")), (0o604, Some("everybody")), (0o400, None)] {
                std::fs::write(settings.path(), text).unwrap();
                for file in [secret.path(), settings.path()] {
                    std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).unwrap();
                }
                let loaded = Settings::load(Some(settings.path()), vec![variable.clone()], Vec::new()).unwrap();
                let warnings = loaded.warnings();
                let of_file: Vec<_> = warnings.iter().filter(|warning| warning.contains(&path)).collect();
                let of_secret: Vec<_> = warnings.iter().filter(|warning| warning.starts_with(&variable.0)).collect();
                assert_eq!(of_secret.len(), usize::from(who.is_some()), "{warnings:?}");
                assert_eq!(of_file.len(), usize::from(who.is_some() && key.is_some()), "{warnings:?}");
                assert!(
                    of_file.iter().all(|w| w.starts_with(key.unwrap()) && w.contains(who.unwrap())),
                    "{warnings:?}"
                );
                assert!(!format!("{warnings:?}").contains("sesame"), "{warnings:?}");
                std::fs::set_permissions(settings.path(), PermissionsExt::from_mode(0o600)).unwrap();
            }
        }
    }
}
