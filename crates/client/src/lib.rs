//! Calls a running Clientele from Rust.
//!
//! ```no_run
//! # async fn example() -> Result<(), clientele_client::Error> {
//! use clientele_client::{Client, NewCustomer};
//!
//! let anyone = Client::new("http://127.0.0.1:8080")?;
//! let mia = anyone.sign_in("mia@example.com", &"staple battery horse".into()).await?;
//! let mia = mia.signed_in().expect("no second factor is asked for").client;
//!
//! let bob = mia.create_user(&NewCustomer::new("+998 90 123-45-67").display_name("Bob")).await?;
//! println!("{} has the phone {:?}", bob.user.id(), bob.user.phone());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Client`] is one caller: nobody, somebody who is signed in, or an API key. It is cheap to clone, and clones share the
//! session. A sign-in leaves the client that asked as it was and gives a new one.
//!
//! - **A session renews itself**, shortly before its access token ends or when the service refuses it; one renewal serves
//!   all requests that wait for it.
//! - **Retries do no harm.** A request that the service refused with 429 or 503, or that never reached it, is sent again
//!   after the time that the service names. A request whose answer was lost is sent again only when that cannot do it
//!   twice: readings, and [`Client::create_user`], which sends an `Idempotency-Key`. [`Retry`] sets how often.
//! - **Refusals are [`Problem`]s** with a [`ProblemCode`] to act on, the fields that are wrong, and the id of the request
//!   in the log of the service.
//! - **Secrets stay secret.** Passwords, tokens and keys are `SecretString`s; `Debug` prints none of them.
//!
//! This crate shares no types with `clientele-domain`, though both speak of the same people. What is a valid phone or e-mail
//! is decided in one place, the service. A client with rules of its own would refuse what a newer service accepts, and
//! would bring the tables of Unicode along. So values are plain text here, and names that may be added to, such as the codes
//! of problems, have a variant `Other`.
//!
//! `examples/first_customer.rs` does the main job: the first admin, managers, a customer, and who sees whom.
#![warn(missing_docs)]

mod audit;
mod auth;
mod caller;
mod client;
mod error;
mod export;
mod health;
mod import;
mod introspection;
mod keys;
mod names;
mod new_user;
mod pages;
mod passwords;
mod patch;
mod permissions;
mod problem;
mod request;
mod retry;
mod session_list;
mod signup;
mod transport;
mod unique;
mod user;
mod user_query;
mod users;

pub use audit::{AuditEvent, AuditQuery, Change};
pub use auth::{CodeSent, SignInAnswer, SignedIn};
pub use client::{Client, ClientBuilder};
pub use error::Error;
pub use export::{Export, ExportFormat};
pub use import::{ImportOptions, Imported, OnError, OnExisting};
pub use introspection::ActiveToken;
pub use keys::{ApiKey, CreatedApiKey, NewApiKey};
pub use names::{Action, Channel, Reach};
pub use new_user::{NewCustomer, NewStaff, NewUser, StaffRole};
pub use pages::{Items, Page, PageRequest};
pub use patch::UserPatch;
pub use permissions::{Permissions, SettableFields};
pub use problem::{FieldError, Problem, ProblemCode};
pub use retry::Retry;
pub use session_list::Session;
pub use signup::StaffSignUp;
pub use user::{Customer, ETag, Role, Staff, User, VersionedUser};
pub use user_query::{Assignment, Sort, UserQuery};
pub use users::{HandedOver, Handover};

/// An object in JSON, such as the metadata of a customer.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
/// A moment in UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
