//! Every key: its section, its type, its default.

use std::net::SocketAddr;
use std::path::PathBuf;

use ::delivery::{Budgets, HttpUrl};
use api::{Network, PublicUrl, WebOrigin};
use auth::{BcryptEngine, CustomerSignup, SecondFactor, StaffSignup};
use domain::key::TokenAlgorithm;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::delivery::Delivery;
use super::metrics_listen::MetricsListen;
use super::{lenient, shown};

/// Every setting. A new one needs its field here or in a section below, and a row in
/// `docs/configuration.md` and `clientele.example.toml`. [`Settings::shown`] serializes it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The HTTP server.
    pub http: Http,
    /// The screens in a browser.
    pub console: Console,
    /// Where metrics are read.
    pub metrics: Metrics,
    /// The database.
    pub database: Database,
    /// Who may sign up.
    pub signup: Signup,
    /// Passwords, tokens and sessions.
    pub auth: Auth,
    /// Where codes go.
    pub delivery: Delivery,
    /// How often callers may do something.
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
    /// The files that secrets were read from, each with the name of the setting or variable.
    #[serde(skip)]
    pub(super) secret_files: Vec<(String, PathBuf)>,
}

/// `console.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Whether the console is served below `/console/`, and leads a browser there from `/`.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enabled: bool,
}

/// `http.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port to listen on.
    #[serde(deserialize_with = "lenient::address")]
    pub listen: SocketAddr,
    /// The URL at which clients reach the service; `http://` and the listening address by default. It is the issuer of
    /// the access tokens.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::text")]
    pub public_url: Option<PublicUrl>,
    /// Threads that serve requests; as many as the machine has cores by default.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub workers: Option<usize>,
    /// How long a client may take to send the head of a request, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub head_timeout: u32,
    /// How long a client may take to send a JSON body, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub body_timeout: u32,
    /// How long a connection may wait for its next request, in seconds. It must be longer than that time of the load
    /// balancer.
    #[serde(deserialize_with = "lenient::number")]
    pub keep_alive: u32,
    /// How long a client may take nothing of an answer, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub write_timeout: u32,
    /// Most connections at once; as many as there are file descriptors for, but at most 4096, by default.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub max_connections: Option<usize>,
    /// Most connections at once from one address (of IPv6, one /64 network) that is no trusted proxy; half of all
    /// by default.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub max_connections_per_address: Option<usize>,
    /// Addresses and networks of proxies whose `X-Forwarded-For` is believed, with commas between them; none by
    /// default.
    #[serde(deserialize_with = "lenient::list", serialize_with = "shown::list")]
    pub trusted_proxies: Vec<Network>,
    /// Origins of web pages that may call from a browser, such as `https://app.example.com`, with commas between them,
    /// or `*` for all; none by default.
    #[serde(deserialize_with = "lenient::list", serialize_with = "shown::list")]
    pub cors_origins: Vec<WebOrigin>,
}

/// `metrics.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Address and port of `GET /metrics`, or `off`.
    #[serde(deserialize_with = "lenient::parsed")]
    pub listen: MetricsListen,
}

/// `database.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH`, `postgres://…` or `mysql://…`. May hold a password.
    #[serde(serialize_with = "shown::url")]
    pub url: SecretString,
    /// Most connections to PostgreSQL or MySQL/MariaDB; four for each of `http.workers`, but at least 10 and at most 50,
    /// by default.
    #[serde(deserialize_with = "lenient::optional_number")]
    pub max_connections: Option<u32>,
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
    /// What computes bcrypt. The hashes do not depend on it.
    pub bcrypt_engine: BcryptEngine,
    /// Fewest characters of a new password, 8 to 128.
    #[serde(deserialize_with = "lenient::number")]
    pub password_min_length: usize,
    /// Whether staff need a code after their password.
    pub second_factor: SecondFactor,
    /// What the next signing key signs with.
    pub token_algorithm: TokenAlgorithm,
    /// The audience of the access tokens, 1 to 255 characters.
    pub audience: String,
    /// How long an access token works, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub access_token_ttl: u32,
    /// How long a refresh token works, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub refresh_token_ttl: u32,
    /// How long a session of staff lasts, however often it is renewed, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub session_max_ttl_staff: u32,
    /// How long a session of a customer lasts, however often it is renewed, in seconds.
    #[serde(deserialize_with = "lenient::number")]
    pub session_max_ttl_customers: u32,
    /// Whether it is remembered for a moment who calls.
    #[serde(deserialize_with = "lenient::boolean")]
    pub identity_cache: bool,
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
    /// Requests a second of one signed-in user. The requests of twenty seconds may come at once.
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
    /// Codes an hour to contacts without an account that one address asks for. Further ones are not sent. 0 for any
    /// number.
    #[serde(deserialize_with = "lenient::number")]
    pub new_contacts_per_address: u32,
    /// Codes an hour over SMS and WhatsApp, whoever asks. Further ones are not sent. A fifth is kept for people who have
    /// an account. 0 for any number.
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

impl Default for Console {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
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
        Self { url: "sqlite:data/clientele.db".into(), max_connections: None, statement_cache: 256 }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            bcrypt_cost: 12,
            bcrypt_engine: BcryptEngine::default(),
            password_min_length: 12,
            second_factor: SecondFactor::Off,
            token_algorithm: TokenAlgorithm::Es256,
            audience: "clientele".to_owned(),
            access_token_ttl: 900,
            refresh_token_ttl: 30 * 24 * 3600,
            session_max_ttl_staff: 30 * 24 * 3600,
            session_max_ttl_customers: 90 * 24 * 3600,
            identity_cache: true,
            master_key: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let budgets = Budgets::default();
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

impl Settings {
    /// Every key and its value, as JSON; secrets only whether they are set.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, serde_json::Value)> {
        shown::flatten(&serde_json::to_value(self).unwrap_or_default())
    }
}
