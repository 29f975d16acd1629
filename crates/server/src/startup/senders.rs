//! Opens the gateways that the settings name.

use std::sync::Arc;

use delivery::{Gateway, Senders};
use domain::{Clock, SystemClock};

use crate::observability::logging::CODES;
use crate::settings::{Delivery, Gateways, SettingsError};

use crate::error::StartupError;

/// Twilio accepts such messages, and fails later.
const NO_TEMPLATE: &str = "without delivery.twilio.whatsapp_content_sid, codes reach only people who wrote within the \
                           last 24 hours (Twilio error 63016)";

/// Warns of gateways that let others read the codes, at every log level.
pub fn warn(settings: &Delivery) -> Result<(), SettingsError> {
    let Gateways { email, phone, whatsapp } = settings.gateways()?;
    for (channel, gateway) in [("email", &email), ("phone", &phone), ("whatsapp", &whatsapp)] {
        if let Some(warning) = gateway.warning() {
            tracing::warn!(target: CODES, "delivery.{channel}: {warning}");
        }
    }
    if let Gateway::Twilio(twilio) = &whatsapp
        && twilio.whatsapp_content_sid.is_none()
    {
        tracing::warn!(target: CODES, "delivery.whatsapp: {NO_TEMPLATE}");
    }
    Ok(())
}

/// Opens the gateways.
pub fn senders(settings: &Delivery) -> Result<Senders, StartupError> {
    let Gateways { email, phone, whatsapp } = settings.gateways()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(Senders { email: email.open(&clock)?, phone: phone.open(&clock)?, whatsapp: whatsapp.open(&clock)? })
}
