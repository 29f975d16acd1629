//! Settings: `clientele.toml`, then the environment, then flags. Typed, with
//! defaults for everything, and an unknown key is an error.
//!
//! The environment spells `auth.bcrypt_cost` as `CLIENTELE_AUTH__BCRYPT_COST`.
//! Any of them may instead be given as `…_FILE`, the path of a file with the
//! value. `DATABASE_URL` stands for `database.url`.

mod check;
mod delivery;
mod foreign;
mod lenient;
mod load;
mod metrics_listen;
mod sections;
mod shown;
mod sources;
#[cfg(test)]
mod tests;
mod warnings;

pub use crate::error::SettingsError;
pub use ::delivery::HttpUrl;
pub use api::{Network, WebOrigin};
pub use auth::{CustomerSignup, SecondFactor, StaffSignup};
pub use delivery::{Delivery, MailGateway, PhoneGateway, Smtp, Twilio, Webhook};
pub use load::log_format;
pub use metrics_listen::MetricsListen;
pub use sections::{Auth, Console, Database, Http, Limits, Log, LogFormat, Metrics, Settings, Signup, Telemetry};
pub use sources::{environment, ignored};
