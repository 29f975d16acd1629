//! Where the codes of a channel go.

use std::sync::Arc;

use domain::Clock;

use crate::log_sender::LogSender;
use crate::sender::{CodeSender, GatewayError, Senders};
use crate::smtp::{SmtpSender, SmtpSettings};
use crate::twilio::{TwilioSender, TwilioSettings};
use crate::webhook::{WebhookSender, WebhookSettings};

/// Twilio accepts such messages, and fails later.
const NO_TEMPLATE: &str = "without delivery.twilio.whatsapp_content_sid, codes reach only people who wrote within the \
                           last 24 hours (Twilio error 63016)";

/// The gateway of each channel.
#[derive(Clone, Debug)]
pub struct Gateways {
    pub email: Gateway,
    pub phone: Gateway,
    pub whatsapp: Gateway,
}

impl Gateways {
    /// Makes them ready to send. Nothing is sent or connected yet. To be called in a tokio runtime.
    pub fn open(&self, clock: &Arc<dyn Clock>) -> Result<Senders, GatewayError> {
        let Self { email, phone, whatsapp } = self;
        Ok(Senders { email: email.open(clock)?, phone: phone.open(clock)?, whatsapp: whatsapp.open(clock)? })
    }

    /// What the operator should know: who else can read the codes, and who does not get them. Each warning begins with
    /// the setting.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let channels = [("email", &self.email), ("phone", &self.phone), ("whatsapp", &self.whatsapp)];
        let of_gateway =
            |(channel, gateway): (_, &Gateway)| Some(format!("delivery.{channel}: {}", gateway.warning()?));
        let mut warnings: Vec<_> = channels.into_iter().filter_map(of_gateway).collect();
        if let Gateway::Twilio(twilio) = &self.whatsapp
            && twilio.whatsapp_content_sid.is_none()
        {
            warnings.push(format!("delivery.whatsapp: {NO_TEMPLATE}"));
        }
        warnings
    }
}

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
    fn open(&self, clock: &Arc<dyn Clock>) -> Result<Arc<dyn CodeSender>, GatewayError> {
        Ok(match self {
            Self::Log => Arc::new(LogSender),
            Self::Smtp(settings) => Arc::new(SmtpSender::new(settings)?),
            Self::Twilio(settings) => Arc::new(TwilioSender::new(settings.clone())?),
            Self::Webhook(settings) => Arc::new(WebhookSender::new(settings.clone(), Arc::clone(clock))?),
        })
    }

    fn warning(&self) -> Option<&'static str> {
        match self {
            Self::Log => Some("whole codes go to the log: anyone who reads it can sign in"),
            Self::Smtp(settings) if settings.url.is_plain() => {
                Some("codes go to the mail server unencrypted: use smtps:// or ?tls=required")
            }
            Self::Twilio(settings) if settings.base_url.is_plain() => Some("codes go to the gateway unencrypted"),
            Self::Webhook(settings) if settings.url.is_plain() => Some("codes go to the webhook unencrypted"),
            Self::Smtp(_) | Self::Twilio(_) | Self::Webhook(_) => None,
        }
    }
}
