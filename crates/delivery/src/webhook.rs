//! Calls a URL of the operator by the rules of Standard Webhooks (<https://www.standardwebhooks.com>), so that any of
//! its libraries can check the signature.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::challenge::Purpose;
use domain::{ChallengeId, Clock, MessageId, Notice, NoticePurpose, Timestamp, ValueError, VerificationMethod};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;

use crate::code_text;
use crate::http::{HttpUrl, client, failed};
use crate::sender::{CodeMessage, CodeSender, GatewayError, SendError};

/// What Standard Webhooks puts before a secret in base64.
const PREFIX: &str = "whsec_";

#[derive(Clone, Debug)]
pub struct WebhookSettings {
    pub url: HttpUrl,
    pub secret: WebhookSecret,
}

/// `whsec_` and base64, or any other text, whose bytes are the secret.
#[derive(Clone, Debug)]
pub struct WebhookSecret(SecretSlice<u8>);

impl FromStr for WebhookSecret {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bytes = match text.strip_prefix(PREFIX) {
            Some(encoded) => BASE64_STANDARD.decode(encoded).ok(),
            None => Some(text.as_bytes().to_vec()),
        };
        let bytes = bytes.filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| ValueError::new("invalid", "not a secret: whsec_ and base64, or any text"))?;
        Ok(Self(bytes.into()))
    }
}

/// Posts codes to the webhook.
pub(crate) struct WebhookSender {
    settings: WebhookSettings,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// The posted JSON. It names the challenge only if the person may not know it otherwise.
#[derive(Serialize)]
struct Body<'a> {
    channel: VerificationMethod,
    to: &'a str,
    code: &'a str,
    purpose: Purpose,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge_id: Option<ChallengeId>,
}

impl WebhookSender {
    pub(crate) fn new(settings: WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self, GatewayError> {
        Ok(Self { settings, client: client()?, clock })
    }

    async fn post(&self, id: MessageId, body: Result<String, serde_json::Error>) -> Result<(), SendError> {
        let body = body.map_err(|error| SendError::Refused(Box::new(error)))?;
        let (id, timestamp) = (id.to_string(), self.clock.now().timestamp().to_string());
        let signature = signature(&self.settings.secret, &id, &timestamp, &body);
        let request = self
            .client
            .post(self.settings.url.url().clone())
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        match request.send().await.map_err(failed)?.status() {
            status if status.is_success() => Ok(()),
            // In Standard Webhooks this means that the receiver is gone for good.
            StatusCode::GONE => Err(SendError::Refused("the webhook answered 410".into())),
            status => Err(SendError::Failed(format!("the webhook answered {}", status.as_u16()).into())),
        }
    }
}

#[async_trait]
impl CodeSender for WebhookSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError> {
        self.post(message.id, body(message)).await
    }

    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError> {
        self.post(notice.id, notice_body(notice)).await
    }
}

fn body(message: &CodeMessage) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Body {
        channel: message.channel,
        to: &message.to,
        code: message.code.expose_secret(),
        purpose: message.purpose,
        expires_at: message.expires_at,
        challenge_id: code_text::names_challenge(message.purpose).then_some(message.challenge_id),
    })
}

/// The posted JSON of a notice.
#[derive(Serialize)]
struct NoticeBody<'a> {
    channel: VerificationMethod,
    to: &'a str,
    purpose: NoticePurpose,
    at: Timestamp,
}

fn notice_body(notice: &Notice) -> Result<String, serde_json::Error> {
    serde_json::to_string(&NoticeBody {
        channel: notice.channel,
        to: &notice.recipient,
        purpose: notice.purpose,
        at: notice.created_at,
    })
}

fn signature(secret: &WebhookSecret, id: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.0.expose_secret());
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::code_text::tests::message;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_behind_its_prefix_and_bytes_without() {
        let bytes = |text: &str| text.parse::<WebhookSecret>().ok().map(|secret| secret.0.expose_secret().to_vec());
        assert_eq!(bytes("whsec_c2VzYW1l").as_deref(), Some(&b"sesame"[..]));
        assert_eq!(bytes("c2VzYW1l").as_deref(), Some(&b"c2VzYW1l"[..]));
        assert_eq!((bytes("whsec_c2V!"), bytes("whsec_"), bytes("")), (None, None, None));
    }

    #[test]
    fn the_body_has_five_members_and_the_challenge_where_nobody_asked() {
        let read = |purpose| -> Value {
            serde_json::from_str(&body(&message(VerificationMethod::Whatsapp, purpose)).unwrap()).unwrap()
        };
        assert_eq!(
            read(Purpose::CustomerSignIn),
            json!({ "channel": "whatsapp", "to": "+998901234567", "code": "012345", "purpose": "customer_sign_in",
                    "expires_at": "2026-01-01T12:05:00Z" })
        );
        assert!(read(Purpose::Invitation)["challenge_id"].is_string());
    }

    #[test]
    fn a_notice_has_four_members_and_no_code() {
        let notice = crate::notice_text::tests::notice(VerificationMethod::Email, NoticePurpose::PasswordChanged);
        let body: Value = serde_json::from_str(&notice_body(&notice).unwrap()).unwrap();
        assert_eq!(
            body,
            json!({ "channel": "email", "to": "ann@example.com", "purpose": "password_changed",
                    "at": "2026-01-01T12:00:00Z" })
        );
    }
}
