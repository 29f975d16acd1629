//! Settings: `clientele.toml`, then the environment, then flags. Typed, with
//! defaults for everything, and an unknown key is an error.
//!
//! The environment spells `auth.bcrypt_cost` as `CLIENTELE_AUTH__BCRYPT_COST`.
//! Any of them may instead be given as `…_FILE`, the path of a file that holds
//! the value. `DATABASE_URL` stands for `database.url`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use ::delivery::HttpUrl;
pub use api::{Network, WebOrigin};
pub use auth::{CustomerSignup, SecondFactor, StaffSignup};
use auth::{MASTER_KEY_MIN_LENGTH, Password, PasswordPolicy};
use figment::Figment;
use figment::providers::Serialized;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

mod delivery;
mod foreign;
mod lenient;
mod metrics_listen;
mod shown;
mod sources;
mod warnings;

use warnings::Origin;

pub use metrics_listen::MetricsListen;
pub use sources::{environment, passed_over};

pub use delivery::{Delivery, Gateways, MailGateway, PhoneGateway, Smtp, Twilio, Webhook};

/// The file that is read when none is named, if it is there.
pub const DEFAULT_FILE: &str = "clientele.toml";

/// Everything that can be set. Serialized, it is what [`Settings::shown`] shows:
/// a new key needs no more than its field, here and in the sections below, and
/// its row in `docs/configuration.md` and `clientele.example.toml`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where requests come in.
    pub http: Http,
    /// Where metrics are read.
    pub metrics: Metrics,
    /// Where the data is.
    pub database: Database,
    /// Who may sign up.
    pub signup: Signup,
    /// Passwords, tokens and sessions.
    pub auth: Auth,
    /// Where codes go.
    pub delivery: Delivery,
    /// How often something may be done.
    pub limits: Limits,
    /// What is written to standard error.
    pub log: Log,
    /// Where traces go.
    pub telemetry: Telemetry,
    /// E-mail of an admin to make at start while there is none at all, with `admin_password`.
    pub admin_email: Option<String>,
    /// Password of that admin.
    #[serde(serialize_with = "shown::secret")]
    pub admin_password: Option<SecretString>,
    /// Where secrets came from.
    #[serde(skip)]
    origin: Origin,
}

/// `http.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port to listen on.
    #[serde(deserialize_with = "lenient::address")]
    pub listen: SocketAddr,
    /// Threads that serve requests; as many as the machine has cores unless said otherwise.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub workers: Option<usize>,
    /// How long a client may take to send the head of a request, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub head_timeout: u32,
    /// How long a client may take to send a JSON body, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub body_timeout: u32,
    /// How long a connection may wait for its next request, in seconds. Longer than the load balancer keeps its own.
    #[serde(deserialize_with = "lenient::number")]
    pub keep_alive: u32,
    /// How long a client may take nothing of an answer, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub write_timeout: u32,
    /// Most connections at once; as many as there are file descriptors for, but at most 4096, unless said otherwise.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub max_connections: Option<usize>,
    /// Most connections at once from one address (of IPv6, one /64 network) that is no trusted proxy; half of all
    /// unless said otherwise.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub max_connections_per_address: Option<usize>,
    /// Addresses and networks of proxies whose `X-Forwarded-For` is believed, with commas between them; none unless
    /// said otherwise.
    #[serde(deserialize_with = "lenient::list", serialize_with = "shown::list")]
    pub trusted_proxies: Vec<Network>,
    /// Origins of web pages that may call from a browser, such as `https://app.example.com`, with commas between them,
    /// or `*` for all; none unless said otherwise.
    #[serde(deserialize_with = "lenient::list", serialize_with = "shown::list")]
    pub cors_origins: Vec<WebOrigin>,
}

/// `metrics.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Address and port of `GET /metrics`, or `off`.
    pub listen: MetricsListen,
}

/// `database.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH`, `postgres://…` or `mysql://…`. May hold a password.
    #[serde(serialize_with = "shown::url")]
    pub url: SecretString,
    /// Most connections to PostgreSQL or MySQL/MariaDB.
    #[serde(deserialize_with = "lenient::number")]
    pub max_connections: u32,
    /// Prepared statements that each connection to them keeps.
    #[serde(deserialize_with = "lenient::number")]
    pub statement_cache: usize,
}

/// `signup.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signup {
    /// What a staff sign-up leads to.
    pub staff: StaffSignup,
    /// Whether a staff sign-up must prove its e-mail by a code.
    #[serde(deserialize_with = "lenient::boolean")]
    pub verify_staff: bool,
    /// Whether customers may sign up.
    pub customers: CustomerSignup,
}

/// `auth.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// bcrypt cost of new password hashes, 4 to 15; below 10 for tests only.
    #[serde(deserialize_with = "lenient::number")]
    pub bcrypt_cost: u32,
    /// Fewest characters of a new password, 8 to 128.
    #[serde(deserialize_with = "lenient::number")]
    pub password_min_length: usize,
    /// Whether staff need a code after their password.
    pub second_factor: SecondFactor,
    /// How long an access token is good, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub access_token_ttl: u32,
    /// How long a refresh token is good, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub refresh_token_ttl: u32,
    /// How long a session of staff lasts, however often it is renewed, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub session_max_ttl_staff: u32,
    /// How long a session of a customer lasts, however often it is renewed, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub session_max_ttl_customers: u32,
    /// Encrypts the keys that are kept in the database: 16 characters or more, drawn at random.
    #[serde(serialize_with = "shown::secret")]
    pub master_key: Option<SecretString>,
}

/// `limits.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Whether anything is limited: guesses of passwords, codes to one contact, and requests.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enabled: bool,
    /// Requests a second of one signed-in user; twenty seconds' worth of them may come at once.
    #[serde(deserialize_with = "lenient::number")]
    pub per_user: u32,
    /// Requests a second from one address (of IPv6, one /64 network), counted likewise.
    #[serde(deserialize_with = "lenient::number")]
    pub per_address: u32,
    /// Requests a second from one address to the public routes under `/auth/`, counted likewise.
    #[serde(deserialize_with = "lenient::number")]
    pub auth_per_address: u32,
    /// Codes an hour that are asked for from one address, whoever gets them; second factors are not counted.
    #[serde(deserialize_with = "lenient::number")]
    pub codes_per_address: u32,
    /// Codes an hour to contacts without an account that one address asks for; beyond, none is sent. 0 for any number.
    #[serde(deserialize_with = "lenient::number")]
    pub new_contacts_per_address: u32,
    /// Codes an hour over SMS and WhatsApp, whoever asks; beyond, none is sent. A fifth is kept for those who have an
    /// account. 0 for any number.
    #[serde(deserialize_with = "lenient::number")]
    pub codes_per_hour: u32,
    /// The same in 24 hours.
    #[serde(deserialize_with = "lenient::number")]
    pub codes_per_day: u32,
    /// Staff who may sign up from one address in an hour.
    #[serde(deserialize_with = "lenient::number")]
    pub signups_per_address: u32,
    /// Staff who may sign up in an hour, from all addresses together.
    #[serde(deserialize_with = "lenient::number")]
    pub signups_per_hour: u32,
}

/// `log.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,clientele_api=debug`.
    pub level: String,
}

/// `telemetry.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Base URL of an OpenTelemetry collector (OTLP over HTTP) that gets traces. May hold a password.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::text")]
    pub otlp_endpoint: Option<HttpUrl>,
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object on each line.
    Json,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            workers: None,
            head_timeout: 10,
            body_timeout: 20,
            keep_alive: 75,
            write_timeout: 30,
            max_connections: None,
            max_connections_per_address: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:data/clientele.db".into(), max_connections: 10, statement_cache: 256 }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            bcrypt_cost: 12,
            password_min_length: 12,
            second_factor: SecondFactor::Off,
            access_token_ttl: 900,
            refresh_token_ttl: 30 * 24 * 3600,
            session_max_ttl_staff: 30 * 24 * 3600,
            session_max_ttl_customers: 90 * 24 * 3600,
            master_key: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let budgets = ::delivery::Budgets::default();
        Self {
            enabled: true,
            per_user: 200,
            per_address: 400,
            auth_per_address: 30,
            codes_per_address: 500,
            new_contacts_per_address: budgets.new_contacts_per_address,
            codes_per_hour: budgets.codes_per_hour,
            codes_per_day: budgets.codes_per_day,
            signups_per_address: 100,
            signups_per_hour: 1000,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, level: "info".to_owned() }
    }
}

/// The form of the log, as far as it can be told of settings that may be wrong.
#[must_use]
pub fn log_format(file: Option<&Path>, environment: &[(String, String)], flags: &[(&str, String)]) -> LogFormat {
    let said = |pairs: Vec<(&str, &str)>, wanted| {
        let mut values =
            pairs.into_iter().filter(|(name, _)| *name == wanted).map(|(_, value)| value.trim().to_owned());
        values.rfind(|value| !value.is_empty())
    };
    let of_flags = said(flags.iter().map(|(key, value)| (*key, value.as_str())).collect(), "log.format");
    let of_environment =
        || said(environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(), "CLIENTELE_LOG__FORMAT");
    let of_file = || {
        let (_, table) = sources::from_file(file).ok()?;
        Some(table.get("log")?.get("format")?.as_str()?.to_owned())
    };
    match of_flags.or_else(of_environment).or_else(of_file).as_deref() {
        Some("json") => LogFormat::Json,
        _ => LogFormat::Pretty,
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The named file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A key is unknown or its value is not allowed.
    #[error("{0}")]
    Key(String),
}

impl Settings {
    /// Reads the settings: defaults, then the file, then the environment, then
    /// flags as dotted keys.
    ///
    /// # Errors
    /// When a named file cannot be read, a key is unknown, or a value is not allowed.
    pub fn load(
        file: Option<&Path>,
        environment: Vec<(String, String)>,
        flags: Vec<(&str, String)>,
    ) -> Result<Self, SettingsError> {
        let (path, table) = sources::from_file(file)?;
        let variables = sources::from_environment(environment)?;
        sources::check_keys(&path, &table, &variables)?;
        let origin = Origin::new(&path, &table, &variables);
        let mut figment = Figment::from(Serialized::defaults(table));
        for variable in variables {
            figment = figment.merge(Serialized::default(&variable.key, variable.value));
        }
        for (key, value) in flags {
            figment = figment.merge(Serialized::default(key, sources::without_line_ends(&value)));
        }
        let mut settings: Self = figment.extract().map_err(|error| SettingsError::Key(sources::describe(&error)))?;
        settings.origin = origin;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let auth = &self.auth;
        in_range("auth.bcrypt_cost", auth.bcrypt_cost, 4, 15)?;
        in_range("auth.password_min_length", auth.password_min_length, 8, 128)?;
        in_range("auth.access_token_ttl", auth.access_token_ttl, 10, 24 * 3600)?;
        in_range("auth.refresh_token_ttl", auth.refresh_token_ttl, 60, 366 * 24 * 3600)?;
        in_range("auth.session_max_ttl_staff", auth.session_max_ttl_staff, 60, 366 * 24 * 3600)?;
        in_range("auth.session_max_ttl_customers", auth.session_max_ttl_customers, 60, 366 * 24 * 3600)?;
        if let Some(length) = self.auth.master_key.as_ref().map(|key| key.expose_secret().chars().count()) {
            in_range("the length of auth.master_key", length, MASTER_KEY_MIN_LENGTH, 4096)?;
        }
        in_range("http.workers", self.http.workers.unwrap_or(1), 1, 512)?;
        in_range("http.head_timeout", self.http.head_timeout, 1, 3600)?;
        in_range("http.body_timeout", self.http.body_timeout, 1, 3600)?;
        in_range("http.keep_alive", self.http.keep_alive, 1, 3600)?;
        in_range("http.write_timeout", self.http.write_timeout, 1, 3600)?;
        in_range("http.max_connections", self.http.max_connections.unwrap_or(1), 1, 60_000)?;
        in_range("http.max_connections_per_address", self.http.max_connections_per_address.unwrap_or(1), 1, 60_000)?;
        in_range("database.max_connections", self.database.max_connections, 1, 1000)?;
        in_range("limits.per_user", self.limits.per_user, 1, 100_000)?;
        in_range("limits.per_address", self.limits.per_address, 1, 100_000)?;
        in_range("limits.auth_per_address", self.limits.auth_per_address, 1, 100_000)?;
        in_range("limits.codes_per_address", self.limits.codes_per_address, 1, 1_000_000)?;
        in_range("limits.new_contacts_per_address", self.limits.new_contacts_per_address, 0, 1_000_000)?;
        in_range("limits.codes_per_hour", self.limits.codes_per_hour, 0, 100_000_000)?;
        in_range("limits.codes_per_day", self.limits.codes_per_day, 0, 100_000_000)?;
        in_range("limits.signups_per_address", self.limits.signups_per_address, 1, 1_000_000)?;
        in_range("limits.signups_per_hour", self.limits.signups_per_hour, 1, 1_000_000)?;
        self.delivery.gateways()?;
        in_range("database.statement_cache", self.database.statement_cache, 1, 10_000)?;
        persistence::Database::check_url(self.database.url.expose_secret())
            .map_err(|error| SettingsError::Key(format!("database.url: {error}")))
    }

    /// What only those need who serve: whether the first admin is named whole, with a password that may be one.
    ///
    /// # Errors
    /// When the e-mail or the password is missing beside the other, or is none.
    pub fn check_first_admin(&self) -> Result<(), SettingsError> {
        let (email, password) = match (&self.admin_email, &self.admin_password) {
            (None, None) => return Ok(()),
            (Some(email), Some(password)) => (email, password),
            _ => {
                let reason = "admin_email and admin_password go together: give both or none";
                return Err(SettingsError::Key(reason.to_owned()));
            }
        };
        let wrong = |key: &'static str| move |error| SettingsError::Key(format!("{key}: {error}"));
        let email = domain::Email::parse(email).map_err(wrong("admin_email"))?;
        let policy = PasswordPolicy::new(self.auth.password_min_length).map_err(wrong("auth.password_min_length"))?;
        let password = Password::parse(password.expose_secret());
        password.and_then(|password| policy.check(&password, Some(&email))).map_err(wrong("admin_password"))
    }

    /// Every key and its value, as JSON; secrets only whether they are set.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, serde_json::Value)> {
        shown::flatten(&serde_json::to_value(self).unwrap_or_default())
    }
}

fn in_range<T: Copy + PartialOrd + std::fmt::Display>(
    key: &str,
    value: T,
    least: T,
    most: T,
) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SettingsError::Key(format!("{key} is {value}; allowed is {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let file = std::env::temp_dir().join(format!("clientele-settings-{}.toml", std::process::id()));
        std::fs::write(&file, "").unwrap();
        Settings::load(Some(&file), variables, Vec::new())
    }

    #[test]
    fn the_environment_reaches_every_kind_of_value() {
        let settings = load(&[
            ("CLIENTELE_HTTP__LISTEN", "0.0.0.0:9000"),
            ("CLIENTELE_AUTH__BCRYPT_COST", "10"),
            ("CLIENTELE_SIGNUP__VERIFY_STAFF", "true"),
            ("CLIENTELE_SIGNUP__STAFF", "closed"),
            ("CLIENTELE_ADMIN_EMAIL", "a@example.com"),
            ("CLIENTELE_ADMIN_PASSWORD", "123456789012"),
            ("DATABASE_URL", "postgres://localhost/x"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(settings.http.listen.port(), 9000);
        assert_eq!(settings.auth.bcrypt_cost, 10);
        assert!(settings.signup.verify_staff);
        assert_eq!(settings.signup.staff, StaffSignup::Closed);
        assert_eq!(secrecy::ExposeSecret::expose_secret(&settings.database.url), "postgres://localhost/x");
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_is_allowed() {
        for (name, value, words) in [
            ("CLIENTELE_COLOUR", "red", &["colour", "http", "auth"][..]),
            ("CLIENTELE_DELIVERY__PHONE_PREFIXES", "+998,00998", &["delivery.phone_prefixes", "00998", "+998"]),
            ("CLIENTELE_LIMITS__CODES_PER_HOUR", "-1", &["limits.codes_per_hour"]),
            ("CLIENTELE_LIMITS__NEW_CONTACTS_PER_ADDRESS", "1000001", &["limits.new_contacts_per_address", "0"]),
            ("CLIENTELE_HTTP__LISTENN", "x", &["http.listenn", "listen"]),
            ("CLIENTELE_SIGNUP__STAFF", "maybe", &["signup.staff", "approval", "open", "closed"]),
            ("CLIENTELE_AUTH__BCRYPT_COST", "99", &["auth.bcrypt_cost", "99", "15"]),
            ("CLIENTELE_AUTH__BCRYPT_COST", "many", &["auth.bcrypt_cost"]),
            ("CLIENTELE_HTTP__LISTEN", "here", &["http.listen"]),
            ("CLIENTELE_AUTH__MASTER_KEY", "fifteen letters", &["auth.master_key", "15", "16"]),
            ("CLIENTELE_HTTP__BODY_TIMEOUT", "0", &["http.body_timeout", "1"]),
            ("CLIENTELE_HTTP__WORKERS", "513", &["http.workers", "1 to 512"]),
            ("CLIENTELE_DATABASE__STATEMENT_CACHE", "0", &["database.statement_cache", "1 to 10000"]),
            ("CLIENTELE_METRICS__LISTEN", "here", &["metrics.listen", "off"]),
            ("DATABASE_URL", "oracle://x/y", &["database.url", "sqlite:", "postgres:", "mysql:"]),
            ("DATABASE_URL", "postgres://x", &["database.url"]),
            ("CLIENTELE_HTTP", "x", &["http is a section"]),
            ("CLIENTELE_", "x", &["CLIENTELE_ names no setting"]),
        ] {
            let message = load(&[(name, value)]).unwrap_err().to_string();
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
    }

    #[test]
    fn an_admin_is_named_whole_or_not_at_all() {
        let check = |variables: &[_]| load(variables).unwrap().check_first_admin();
        let email = ("CLIENTELE_ADMIN_EMAIL", "a@example.com");
        let password = ("CLIENTELE_ADMIN_PASSWORD", "correct horse battery");
        assert!(check(&[]).is_ok());
        assert!(check(&[email, password]).is_ok());
        for wrong in [&[email][..], &[password], &[("CLIENTELE_ADMIN_EMAIL", "a"), password]] {
            let message = check(wrong).unwrap_err().to_string();
            assert!(message.contains("admin_email"), "{message}");
        }
        for wrong in ["short", "password1234"] {
            let message = check(&[email, ("CLIENTELE_ADMIN_PASSWORD", wrong)]).unwrap_err().to_string();
            assert!(message.starts_with("admin_password: "), "{message}");
        }
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = std::env::temp_dir().join(format!("clientele-layers-{}.toml", std::process::id()));
        std::fs::write(&file, "[log]\nlevel = \"warn\"\nformat = \"json\"\n[http]\nlisten = \"127.0.0.1:1\"").unwrap();
        let variables = [("CLIENTELE_LOG__LEVEL", "error"), ("CLIENTELE_HTTP__LISTEN", "127.0.0.1:2")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let flags = vec![("http.listen", "127.0.0.1:3".to_owned())];
        let settings = Settings::load(Some(&file), variables, flags).unwrap();
        assert_eq!(settings.log.format, LogFormat::Json);
        assert_eq!(settings.log.level, "error");
        assert_eq!(settings.http.listen.port(), 3);
    }

    #[test]
    fn what_is_shown_has_every_key_and_no_secret() {
        let settings = load(&[
            ("CLIENTELE_ADMIN_PASSWORD", "sesame-1"),
            ("CLIENTELE_AUTH__MASTER_KEY", "sesame-2 sesame-2"),
            ("DATABASE_URL", "postgres://ann:sesame-3@db/x?password=sesame-4"),
            ("CLIENTELE_TELEMETRY__OTLP_ENDPOINT", "https://ann:sesame-5@traces:4318/?key=sesame-6"),
        ]);
        let shown = settings.unwrap().shown();
        assert!(shown.iter().any(|(key, value)| key == "auth.bcrypt_cost" && *value == 12));
        assert!(shown.iter().any(|(key, value)| key == "auth.master_key" && value == "(set)"));
        assert!(shown.iter().any(|(key, value)| key == "database.url" && value == "postgres://ann:…@db/x?…"));
        assert!(!format!("{shown:?}").contains("sesame"), "{shown:?}");
    }

    #[test]
    fn each_channel_has_its_gateways_and_these_their_settings() {
        let smtp = ("CLIENTELE_DELIVERY__SMTP__URL", "smtps://ann:sesame@mail.example.com");
        let from = ("CLIENTELE_DELIVERY__SMTP__FROM", "Example <codes@example.com>");
        let sid = ("CLIENTELE_DELIVERY__TWILIO__ACCOUNT_SID", "AC1");
        let token = ("CLIENTELE_DELIVERY__TWILIO__AUTH_TOKEN", "sesame");
        let number = ("CLIENTELE_DELIVERY__TWILIO__FROM", "+15005550006");
        let url = ("CLIENTELE_DELIVERY__WEBHOOK__URL", "https://example.com/sesame");
        let secret = ("CLIENTELE_DELIVERY__WEBHOOK__SECRET", "whsec_c2VzYW1l");
        let (email, phone) = ("CLIENTELE_DELIVERY__EMAIL", "CLIENTELE_DELIVERY__PHONE");
        let whatsapp = "CLIENTELE_DELIVERY__WHATSAPP";
        let settings = load(&[
            (email, "smtp"),
            smtp,
            from,
            (phone, "twilio"),
            sid,
            token,
            number,
            (whatsapp, "webhook"),
            url,
            secret,
        ]);
        let printed = format!("{:?}", settings.unwrap().delivery.gateways().unwrap());
        assert!(!printed.contains("sesame") && !printed.contains("c2Vz"), "{printed}");
        for (variables, words) in [
            (&[(email, "twilio")][..], &["delivery.email", "twilio", "log, smtp, webhook"][..]),
            (&[(phone, "smtp")], &["delivery.phone", "smtp", "log, twilio, webhook"]),
            (&[(whatsapp, "pigeon")], &["delivery.whatsapp", "log, twilio, webhook"]),
            (&[(email, "smtp"), from], &["delivery.smtp.url is missing", "delivery.email = smtp"]),
            (&[(email, "smtp"), smtp], &["delivery.smtp.from is missing"]),
            (&[(phone, "twilio"), token, number], &["delivery.twilio.account_sid is missing", "delivery.phone"]),
            (&[(phone, "twilio"), sid, number], &["delivery.twilio.auth_token is missing"]),
            (&[(whatsapp, "twilio"), sid, token], &["delivery.twilio.from is missing", "delivery.whatsapp"]),
            (&[(phone, "webhook"), secret], &["delivery.webhook.url is missing"]),
            (&[(phone, "webhook"), url], &["delivery.webhook.secret is missing"]),
            (&[("CLIENTELE_DELIVERY__SMTP__URL", "mail.example.com")], &["delivery.smtp.url", "smtps://"]),
            (&[("CLIENTELE_DELIVERY__SMTP__FROM", "codes")], &["delivery.smtp.from", "codes@example.com"]),
            (&[("CLIENTELE_DELIVERY__TWILIO__BASE_URL", "twilio")], &["delivery.twilio.base_url", "https://"]),
            (&[("CLIENTELE_DELIVERY__WEBHOOK__SECRET", "whsec_!")], &["delivery.webhook.secret", "whsec_"]),
            (&[("CLIENTELE_DELIVERY__PIGEON", "yes")], &["delivery.pigeon", "whatsapp"]),
        ] {
            let message = load(variables).unwrap_err().to_string();
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
    }

    #[test]
    fn lists_have_commas_between_their_items() {
        let settings = load(&[
            ("CLIENTELE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1"),
            ("CLIENTELE_HTTP__CORS_ORIGINS", "https://app.example.com,http://localhost:3000"),
        ])
        .unwrap();
        assert_eq!((settings.http.trusted_proxies.len(), settings.http.cors_origins.len()), (2, 2));
        assert!(load(&[("CLIENTELE_HTTP__TRUSTED_PROXIES", "")]).unwrap().http.trusted_proxies.is_empty());
        for (name, value, words) in [
            ("CLIENTELE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,proxy", &["http.trusted_proxies", "proxy", "10.0.0.0/8"]),
            ("CLIENTELE_HTTP__CORS_ORIGINS", "app.example.com", &["http.cors_origins", "app.example.com", "https://"]),
            ("CLIENTELE_LIMITS__PER_USER", "0", &["limits.per_user", "1", "100000"]),
            ("CLIENTELE_LIMITS__ENABLED", "perhaps", &["limits.enabled", "true", "false"]),
        ] {
            let message = load(&[(name, value)]).unwrap_err().to_string();
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
    }

    #[test]
    fn a_secret_may_come_from_a_file() {
        let file = std::env::temp_dir().join(format!("clientele-secret-{}", std::process::id()));
        std::fs::write(&file, "open sesame, open sesame\n").unwrap();
        let settings = load(&[("CLIENTELE_AUTH__MASTER_KEY_FILE", file.to_str().unwrap())]).unwrap();
        assert_eq!(
            secrecy::ExposeSecret::expose_secret(&settings.auth.master_key.unwrap()),
            "open sesame, open sesame"
        );
        let missing = load(&[("CLIENTELE_AUTH__MASTER_KEY_FILE", "/nowhere/at/all")]).unwrap_err().to_string();
        assert!(missing.starts_with("CLIENTELE_AUTH__MASTER_KEY_FILE: cannot read /nowhere/at/all: "), "{missing}");
        std::fs::write(&file, "\r\n").unwrap();
        let empty = load(&[("DATABASE_URL_FILE", file.to_str().unwrap())]).unwrap_err().to_string();
        assert!(empty.starts_with("DATABASE_URL_FILE: ") && empty.ends_with(" is empty"), "{empty}");
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let names = Settings::default().shown().into_iter();
        let names = names.map(|(key, _)| format!("CLIENTELE_{}", key.replace('.', "__").to_uppercase()));
        for name in names.chain(["DATABASE_URL".to_owned()]) {
            for empty in ["", "\r", "\n", "\r\n"] {
                for name in [name.clone(), format!("{name}_FILE")] {
                    let settings = load(&[(&name, empty)]).unwrap();
                    assert_eq!(settings.shown(), Settings::default().shown(), "{name}={empty:?}");
                    settings.check_first_admin().unwrap();
                }
            }
        }
        let key = [("CLIENTELE_AUTH__MASTER_KEY", "open sesame, open sesame"), ("CLIENTELE_AUTH__MASTER_KEY_FILE", "")];
        assert!(load(&key).unwrap().auth.master_key.is_some(), "only one of them is set");
    }

    #[test]
    fn line_ends_at_the_end_are_no_part_of_a_value() {
        let file = std::env::temp_dir().join(format!("clientele-crlf-{}", std::process::id()));
        std::fs::write(&file, "whsec_c2VzYW1l\r\n").unwrap();
        for end in ["\r", "\n", "\r\n", "\r\r\n\n"] {
            let with_end = |text: &str| format!("{text}{end}");
            let settings = load(&[
                ("DATABASE_URL", &with_end("sqlite:data/x.db")),
                ("CLIENTELE_AUTH__BCRYPT_COST", &with_end("11")),
                ("CLIENTELE_SIGNUP__STAFF", &with_end("open")),
                ("CLIENTELE_LOG__LEVEL", &with_end("warn")),
                ("CLIENTELE_ADMIN_PASSWORD", &with_end(" a password ")),
                ("CLIENTELE_DELIVERY__WEBHOOK__SECRET_FILE", &with_end(file.to_str().unwrap())),
            ]);
            let settings = settings.unwrap();
            assert_eq!(settings.database.url.expose_secret(), "sqlite:data/x.db");
            assert_eq!((settings.auth.bcrypt_cost, settings.log.level.as_str()), (11, "warn"));
            assert_eq!(settings.signup.staff, StaffSignup::Open);
            assert_eq!(settings.admin_password.unwrap().expose_secret(), " a password ", "spaces are");
            assert!(settings.delivery.webhook.secret.is_some());
        }
        let flags = vec![("database.url", "sqlite:data/x.db\r".to_owned())];
        let settings = Settings::load(Some(Path::new("/dev/null")), Vec::new(), flags).unwrap();
        assert_eq!(settings.database.url.expose_secret(), "sqlite:data/x.db");
    }

    #[test]
    fn an_unknown_key_is_named_as_it_was_written() {
        for (name, words) in [
            ("CLIENTELE_NO__SUCH_KEY", &["unknown setting CLIENTELE_NO__SUCH_KEY ", "auth, "][..]),
            ("CLIENTELE_HTTP__LISTENN", &["unknown setting CLIENTELE_HTTP__LISTENN ", "listen, "]),
            ("CLIENTELE_DELIVERY__SMTP__URI", &["unknown setting CLIENTELE_DELIVERY__SMTP__URI ", "from, url"]),
            ("CLIENTELE_HTTP__LISTEN__PORT", &["unknown setting CLIENTELE_HTTP__LISTEN__PORT ", "listen, "]),
            ("CLIENTELE_PORT", &["unknown setting CLIENTELE_PORT "]),
        ] {
            let message = load(&[(name, "8080")]).unwrap_err().to_string();
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
        let file = std::env::temp_dir().join(format!("clientele-unknown-{}.toml", std::process::id()));
        for (text, key) in [
            ("[no]\nsuch_key = 1", "no.such_key"),
            ("[delivery.smtp]\nuri = \"sesame\"", "delivery.smtp.uri"),
            ("colour = \"sesame\"", "colour"),
            ("[http.listen]\nport = 1", "http.listen.port"),
        ] {
            std::fs::write(&file, text).unwrap();
            let message = Settings::load(Some(&file), Vec::new(), Vec::new()).unwrap_err().to_string();
            assert!(message.starts_with(&format!("unknown setting {key} in ")), "{message}");
            assert!(!message.contains("sesame"), "{message}");
        }
    }

    #[test]
    fn variables_of_kubernetes_are_passed_over() {
        let variables = [
            ("CLIENTELE_PORT", "tcp://10.3.104.46:8080"),
            ("CLIENTELE_PORT_8080_TCP_ADDR", "10.3.104.46"),
            ("CLIENTELE_API_SERVICE_HOST", "10.3.104.46"),
            ("CLIENTELE_HTTP__LISTEN", "127.0.0.1:9"),
        ];
        assert_eq!(load(&variables).unwrap().http.listen.port(), 9);
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = ["CLIENTELE_API_SERVICE_HOST", "CLIENTELE_PORT", "CLIENTELE_PORT_8080_TCP_ADDR"];
        assert_eq!(passed_over(&variables), expected);
    }

    #[test]
    fn the_form_of_the_log_is_known_though_the_rest_is_wrong() {
        let file = std::env::temp_dir().join(format!("clientele-form-{}.toml", std::process::id()));
        std::fs::write(&file, "colour = 1\n[log]\nformat = \"json\"").unwrap();
        let of = |environment: &str, flag: Option<&str>| {
            let environment = [("CLIENTELE_LOG__FORMAT".to_owned(), environment.to_owned())];
            let flags: Vec<_> = flag.into_iter().map(|flag| ("log.format", flag.to_owned())).collect();
            log_format(Some(&file), &environment, &flags)
        };
        assert_eq!(of("", None), LogFormat::Json);
        assert_eq!(of("pretty", None), LogFormat::Pretty);
        assert_eq!(of("pretty", Some("json")), LogFormat::Json);
        assert_eq!(of("json\r", Some("pretty")), LogFormat::Pretty);
        assert_eq!(log_format(Some(Path::new("/nowhere")), &[], &[]), LogFormat::Pretty);
    }

    proptest::proptest! {
        /// Whatever is wrong with a URL, what is told of it does not have the password.
        #[test]
        fn no_password_is_shown_in_whatever_malformed_url_it_stands(
            scheme in "postgres|postgresql|mysql|mariadb|smtp|smtps|http|https|POSTGRES|oracle|sqlite|",
            slashes in "://|:|:/|//|:///|::",
            user in "ann|ann@example\\.com|a%40b||ann:",
            before in "[#/?@:%&=+ \\[\\]\\\\0-9a-z]{0,4}",
            after in "[#/?@:%&=+ \\[\\]\\\\0-9a-z]{0,4}",
            at in "@|",
            host in "db|db:5432|[::1]|example\\.com:x|",
            tail in "/people|/people\\?sslmode=require|\\?tls=required|/x\\?password=sesame&key=sesame|#sesame|",
        ) {
            // Without it, the password is a host, a port or a path, which nobody can tell from one.
            let at = if at.is_empty() && !before.contains(['#', '?']) { "@" } else { &at };
            let url = format!("{scheme}{slashes}{user}:{before}sesame{after}{at}{host}{tail}");
            for name in [
                "CLIENTELE_DATABASE__URL",
                "CLIENTELE_DELIVERY__SMTP__URL",
                "CLIENTELE_DELIVERY__TWILIO__BASE_URL",
                "CLIENTELE_DELIVERY__WEBHOOK__URL",
                "CLIENTELE_TELEMETRY__OTLP_ENDPOINT",
                "CLIENTELE_HTTP__CORS_ORIGINS",
            ] {
                if name.ends_with("DATABASE__URL") && scheme == "sqlite" {
                    continue;
                }
                let told = match load(&[(name, &url)]) {
                    Ok(settings) => format!("{}{:?}{:?}", crate::cli::config::text(&settings), settings.warnings(), settings),
                    Err(error) => error.to_string(),
                };
                proptest::prop_assert!(!told.contains("sesame"), "{name}={url}: {told}");
            }
        }
    }

    #[test]
    fn a_value_and_a_file_for_it_are_one_too_many() {
        for name in ["CLIENTELE_AUTH__MASTER_KEY", "DATABASE_URL"] {
            let file = format!("{name}_FILE");
            for variables in [[(name, "x"), (&file, "y")], [(&file, "y"), (name, "x")]] {
                let message = load(&variables).unwrap_err().to_string();
                assert_eq!(message, format!("{name} and {file} are both set: give one of them"));
            }
        }
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_without_the_value() {
        let file = std::env::temp_dir().join(format!("clientele-wrong-{}.toml", std::process::id()));
        for (text, expected) in [
            ("[auth]\nmaster_key = 7700770077007700", "auth.master_key: expected a string"),
            ("[delivery.twilio]\nauth_token = [\"7700\"]", "delivery.twilio.auth_token: expected a string"),
            ("http = 7700", "http is a section: name one of the settings in it"),
            ("[auth]\nbcrypt_cost = [7700]", "auth.bcrypt_cost: expected a number"),
            ("[limits]\nenabled = [7700]", "limits.enabled: expected true or false"),
            ("[http]\ncors_origins = 7700", "http.cors_origins: expected a list"),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(Settings::load(Some(&file), Vec::new(), Vec::new()).unwrap_err().to_string(), expected);
        }
    }
}
