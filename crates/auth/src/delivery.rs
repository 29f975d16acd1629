//! Gateways that take codes to people: the mail server of the operator, Twilio,
//! or a webhook. What they do not take, the [outbox](crate::outbox) tries again.
//!
//! Settings are checked as they are read: what cannot work is told before
//! anything starts. Errors hold no code, no recipient and no secret of the
//! operator's, since they go to the log.

mod http;
mod notice_text;
mod smtp;
mod text;
mod twilio;
mod webhook;

use std::sync::Arc;

use domain::Clock;

pub use http::HttpUrl;
pub use smtp::{MailFrom, SmtpSettings, SmtpUrl};
pub use twilio::TwilioSettings;
pub use webhook::{WebhookSecret, WebhookSettings};

use crate::outbox::{CodeSender, LogSender};

/// Where the codes of a channel go, with all that is needed for it.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// To the log, whole.
    Log,
    /// To a mail server.
    Smtp(SmtpSettings),
    /// To Twilio, as SMS or over WhatsApp.
    Twilio(TwilioSettings),
    /// To a URL of the operator's.
    Webhook(WebhookSettings),
}

/// A gateway cannot be used on this computer.
#[derive(Debug, thiserror::Error)]
#[error("the gateway cannot be used: {0}")]
pub struct GatewayError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Gateway {
    /// Makes it ready to send; nothing is sent or connected yet. To be called in a tokio runtime.
    ///
    /// # Errors
    /// When the root certificates cannot be read.
    pub fn open(&self, clock: &Arc<dyn Clock>) -> Result<Arc<dyn CodeSender>, GatewayError> {
        Ok(match self {
            Self::Log => Arc::new(LogSender),
            Self::Smtp(settings) => Arc::new(smtp::SmtpSender::new(settings)?),
            Self::Twilio(settings) => Arc::new(twilio::TwilioSender::new(settings.clone())?),
            Self::Webhook(settings) => Arc::new(webhook::WebhookSender::new(settings.clone(), Arc::clone(clock))?),
        })
    }

    /// What the operator should know of it: who else may read the codes.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        match self {
            Self::Log => Some("codes go to the log, whole: whoever reads it can sign in"),
            Self::Smtp(settings) if settings.url.is_plain() => {
                Some("codes go to the mail server unencrypted: use smtps:// or ?tls=required")
            }
            Self::Twilio(settings) if settings.base_url.is_plain() => Some("codes go to the gateway unencrypted"),
            Self::Webhook(settings) if settings.url.is_plain() => Some("codes go to the webhook unencrypted"),
            Self::Smtp(_) | Self::Twilio(_) | Self::Webhook(_) => None,
        }
    }
}

/// Whether nobody but this computer sees what is sent to this host.
fn is_local(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}
