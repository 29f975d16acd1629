//! Which gateway sends the codes of each channel.

use delivery::{
    Gateway, Gateways, HttpUrl, MailFrom, PhonePrefix, SmtpSettings, SmtpUrl, TwilioSettings, WebhookSecret,
    WebhookSettings,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{lenient, shown};
use crate::error::SettingsError;

/// `delivery.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Where codes by e-mail go: `log`, `smtp` or `webhook`.
    pub email: MailGateway,
    /// Where codes to a phone go: `log`, `twilio` (as SMS) or `webhook`.
    pub phone: PhoneGateway,
    /// Where codes over WhatsApp go: `log`, `twilio` or `webhook`.
    pub whatsapp: PhoneGateway,
    /// Only numbers that begin with one of these get codes, with commas between them; all by default.
    #[serde(deserialize_with = "lenient::list", serialize_with = "shown::list")]
    pub phone_prefixes: Vec<PhonePrefix>,
    /// The mail server.
    pub smtp: Smtp,
    /// The account at Twilio.
    pub twilio: Twilio,
    /// The webhook.
    pub webhook: Webhook,
}

/// What can send mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailGateway {
    /// The log, for trials: anyone who reads it can sign in.
    #[default]
    Log,
    /// The mail server of `delivery.smtp`.
    Smtp,
    /// The webhook of `delivery.webhook`.
    Webhook,
}

/// What can send to phones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneGateway {
    /// The log, for trials: anyone who reads it can sign in.
    #[default]
    Log,
    /// The account of `delivery.twilio`.
    Twilio,
    /// The webhook of `delivery.webhook`.
    Webhook,
}

/// `delivery.smtp.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// `smtps://user:password@host`, `smtp://host:587?tls=required`, `…?tls=opportunistic`, or `smtp://host` for a
    /// server on the same computer. May hold a password.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::text")]
    pub url: Option<SmtpUrl>,
    /// Who the mail is from, such as `Example <codes@example.com>`.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::text")]
    pub from: Option<MailFrom>,
}

/// `delivery.twilio.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Twilio {
    /// The URL of Twilio, or of a service with the same API.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::text")]
    pub base_url: Option<HttpUrl>,
    /// The account, `AC…`.
    pub account_sid: Option<String>,
    /// Its password.
    #[serde(serialize_with = "shown::secret")]
    pub auth_token: Option<SecretString>,
    /// The number, or sender name, that messages come from.
    pub from: Option<String>,
    /// The number that WhatsApp messages come from; `from` by default.
    pub whatsapp_from: Option<String>,
    /// The approved template of WhatsApp messages, `HX…`, whose variable 1 is the code.
    pub whatsapp_content_sid: Option<String>,
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            base_url: "https://api.twilio.com".parse().ok(),
            account_sid: None,
            auth_token: None,
            from: None,
            whatsapp_from: None,
            whatsapp_content_sid: None,
        }
    }
}

/// `delivery.webhook.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// Where codes are posted.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::text")]
    pub url: Option<HttpUrl>,
    /// The key of the signature by Standard Webhooks: `whsec_` and base64, or any other text.
    #[serde(deserialize_with = "lenient::optional_parsed", serialize_with = "shown::secret")]
    pub secret: Option<WebhookSecret>,
}

impl Delivery {
    /// The gateway of each channel.
    pub fn gateways(&self) -> Result<Gateways, SettingsError> {
        let email = match self.email {
            MailGateway::Log => Gateway::Log,
            MailGateway::Smtp => {
                let chosen = "delivery.email = smtp";
                let url = required("delivery.smtp.url", self.smtp.url.as_ref(), chosen)?;
                Gateway::Smtp(SmtpSettings {
                    url,
                    from: required("delivery.smtp.from", self.smtp.from.as_ref(), chosen)?,
                })
            }
            MailGateway::Webhook => self.webhook("delivery.email")?,
        };
        let from = self.twilio.from.as_ref();
        let phone = self.to_phones("delivery.phone", self.phone, from)?;
        let whatsapp_from = self.twilio.whatsapp_from.as_ref().or(from);
        let whatsapp = self.to_phones("delivery.whatsapp", self.whatsapp, whatsapp_from)?;
        Ok(Gateways { email, phone, whatsapp })
    }

    fn to_phones(&self, key: &str, gateway: PhoneGateway, from: Option<&String>) -> Result<Gateway, SettingsError> {
        match gateway {
            PhoneGateway::Log => Ok(Gateway::Log),
            PhoneGateway::Twilio => self.twilio(key, from),
            PhoneGateway::Webhook => self.webhook(key),
        }
    }

    fn twilio(&self, key: &str, from: Option<&String>) -> Result<Gateway, SettingsError> {
        let (twilio, chosen) = (&self.twilio, format!("{key} = twilio"));
        let not_empty = |text: &&String| !text.is_empty();
        let sid = twilio.account_sid.as_ref().filter(not_empty);
        Ok(Gateway::Twilio(TwilioSettings {
            base_url: required("delivery.twilio.base_url", twilio.base_url.as_ref(), &chosen)?,
            account_sid: required("delivery.twilio.account_sid", sid, &chosen)?,
            auth_token: required("delivery.twilio.auth_token", twilio.auth_token.as_ref(), &chosen)?,
            from: required("delivery.twilio.from", from.filter(not_empty), &chosen)?,
            whatsapp_content_sid: twilio.whatsapp_content_sid.clone().filter(|sid| !sid.is_empty()),
        }))
    }

    fn webhook(&self, key: &str) -> Result<Gateway, SettingsError> {
        let chosen = format!("{key} = webhook");
        let url = required("delivery.webhook.url", self.webhook.url.as_ref(), &chosen)?;
        let secret = required("delivery.webhook.secret", self.webhook.secret.as_ref(), &chosen)?;
        Ok(Gateway::Webhook(WebhookSettings { url, secret }))
    }
}

fn required<T: Clone>(key: &str, value: Option<&T>, chosen: &str) -> Result<T, SettingsError> {
    value.cloned().ok_or_else(|| SettingsError::Key(format!("{key} is missing; {chosen} needs it")))
}
