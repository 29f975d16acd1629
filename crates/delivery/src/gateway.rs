//! Where the codes of a channel go.

use std::sync::Arc;

use domain::Clock;

use crate::log_sender::LogSender;
use crate::sender::{CodeSender, GatewayError};
use crate::smtp::{SmtpSender, SmtpSettings};
use crate::twilio::{TwilioSender, TwilioSettings};
use crate::webhook::{WebhookSender, WebhookSettings};

/// Where the codes of a channel go, with all that is needed for it.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// Whole codes go to the log.
    Log,
    Smtp(SmtpSettings),
    /// To Twilio, as SMS or over WhatsApp.
    Twilio(TwilioSettings),
    Webhook(WebhookSettings),
}

impl Gateway {
    /// Makes it ready to send; nothing is sent or connected yet. To be called in a tokio runtime.
    pub fn open(&self, clock: &Arc<dyn Clock>) -> Result<Arc<dyn CodeSender>, GatewayError> {
        Ok(match self {
            Self::Log => Arc::new(LogSender),
            Self::Smtp(settings) => Arc::new(SmtpSender::new(settings)?),
            Self::Twilio(settings) => Arc::new(TwilioSender::new(settings.clone())?),
            Self::Webhook(settings) => Arc::new(WebhookSender::new(settings.clone(), Arc::clone(clock))?),
        })
    }

    /// What the operator should know of it: who else may read the codes.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        match self {
            Self::Log => Some("codes go to the log, whole: anyone who reads it can sign in"),
            Self::Smtp(settings) if settings.url.is_plain() => {
                Some("codes go to the mail server unencrypted: use smtps:// or ?tls=required")
            }
            Self::Twilio(settings) if settings.base_url.is_plain() => Some("codes go to the gateway unencrypted"),
            Self::Webhook(settings) if settings.url.is_plain() => Some("codes go to the webhook unencrypted"),
            Self::Smtp(_) | Self::Twilio(_) | Self::Webhook(_) => None,
        }
    }
}
