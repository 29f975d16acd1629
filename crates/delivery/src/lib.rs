//! How codes and notices reach people.
//!
//! The [`Outbox`] takes messages out of the database and hands each to the gateway of its channel: the mail server of
//! the operator, Twilio, a webhook, or the log. If a gateway does not accept a message, it is tried again.
//!
//! This crate must not know HTTP routes, SQL, passwords or tokens. It reads sealed codes through
//! [`domain::delivery::MessageKeys`]. Settings are checked when they are read. Errors have no code, no recipient and no
//! secret of the operator, since they go to the log.

mod budgets;
mod code_text;
mod gateway;
mod http;
mod log_sender;
mod notice_text;
mod outbox;
mod sender;
mod smtp;
mod twilio;
mod webhook;
mod withheld;

pub use budgets::{Budgets, PhonePrefix, WITHHELD_REASONS};
pub use gateway::{Gateway, Gateways};
pub use http::HttpUrl;
pub use log_sender::CODES;
pub use outbox::{Outbox, OutboxStore};
pub use sender::{CodeMessage, CodeSender, GatewayError, SendError, Senders};
pub use smtp::{MailFrom, SmtpSettings, SmtpUrl};
pub use twilio::TwilioSettings;
pub use webhook::{WebhookSecret, WebhookSettings};
