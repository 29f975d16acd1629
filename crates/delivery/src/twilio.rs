//! SMS and `WhatsApp` through Twilio's REST API.

use async_trait::async_trait;
use domain::{Notice, VerificationMethod};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::http::{HttpUrl, client, failed};
use crate::sender::{CodeMessage, CodeSender, GatewayError, SendError};
use crate::{code_text, notice_text};

/// How many bytes of an answer are read.
const MAX_ANSWER: usize = 16 * 1024;

/// An account at Twilio.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// `https://api.twilio.com`, or a service with the same API.
    pub base_url: HttpUrl,
    /// The account, `AC…`.
    pub account_sid: String,
    pub auth_token: SecretString,
    /// The number or name that messages come from.
    pub from: String,
    /// The approved template of `WhatsApp`, `HX…`, whose variable 1 is the code. Without one `WhatsApp` delivers only
    /// to people who wrote within the last 24 hours.
    pub whatsapp_content_sid: Option<String>,
}

/// Sends codes as short messages.
pub(crate) struct TwilioSender {
    settings: TwilioSettings,
    url: Url,
    client: Client,
}

impl TwilioSender {
    pub(crate) fn new(settings: TwilioSettings) -> Result<Self, GatewayError> {
        let mut url = settings.base_url.url().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["2010-04-01", "Accounts", &settings.account_sid, "Messages.json"]);
        }
        Ok(Self { settings, url, client: client()? })
    }

    fn form(&self, message: &CodeMessage) -> String {
        let template = self.settings.whatsapp_content_sid.as_deref();
        match template.filter(|_| message.channel == VerificationMethod::Whatsapp) {
            Some(template) => {
                let variables = serde_json::json!({ "1": message.code.expose_secret() }).to_string();
                let content = [("ContentSid", template), ("ContentVariables", &variables)];
                self.form_of(message.channel, &message.to, &content)
            }
            None => self.form_of(message.channel, &message.to, &[("Body", &code_text::short(message))]),
        }
    }

    fn form_of(&self, channel: VerificationMethod, to: &str, content: &[(&str, &str)]) -> String {
        let prefix = if channel == VerificationMethod::Whatsapp { "whatsapp:" } else { "" };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("To", &format!("{prefix}{to}"));
        form.append_pair("From", &format!("{prefix}{}", self.settings.from));
        form.extend_pairs(content);
        form.finish()
    }

    async fn post(&self, form: String) -> Result<(), SendError> {
        let request = self
            .client
            .post(self.url.clone())
            .basic_auth(&self.settings.account_sid, Some(self.settings.auth_token.expose_secret()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let number = error_number(response).await.map(|number| format!(", error {number}")).unwrap_or_default();
        let reason = format!("the gateway answered {}{number}", status.as_u16());
        if is_final(status) {
            return Err(SendError::Refused(reason.into()));
        }
        Err(SendError::Failed(reason.into()))
    }
}

#[async_trait]
impl CodeSender for TwilioSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError> {
        self.post(self.form(message)).await
    }

    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError> {
        self.post(self.form_of(notice.channel, &notice.recipient, &[("Body", &notice_text::short(notice))])).await
    }
}

/// Whether another attempt cannot help. Wrong credentials are not final, since the operator can correct them.
fn is_final(status: StatusCode) -> bool {
    let is_passing = matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    status.is_client_error() && !is_passing
}

/// The number by which Twilio explains an error; its text repeats the recipient.
async fn error_number(mut response: Response) -> Option<u32> {
    #[derive(Deserialize)]
    struct Answer {
        code: u32,
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if answer.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        answer.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&answer).ok().map(|Answer { code }| code)
}

#[cfg(test)]
mod tests {
    use domain::challenge::Purpose;

    use super::*;
    use crate::code_text::tests::message;

    fn sender(base_url: &str) -> TwilioSender {
        let settings = TwilioSettings {
            base_url: base_url.parse().unwrap(),
            account_sid: "AC1/..".to_owned(),
            auth_token: "sesame".into(),
            from: "+15005550006".to_owned(),
            whatsapp_content_sid: None,
        };
        TwilioSender::new(settings).unwrap()
    }

    #[test]
    fn the_path_is_that_of_the_account() {
        for base_url in ["https://api.twilio.com", "https://api.twilio.com/"] {
            let url = sender(base_url).url.to_string();
            assert_eq!(url, "https://api.twilio.com/2010-04-01/Accounts/AC1%2F../Messages.json");
        }
        assert!(sender("http://localhost:9/twilio/").url.path().starts_with("/twilio/2010-04-01/"));
    }

    #[test]
    fn what_somebody_may_mend_is_not_final() {
        let statuses = [400, 401, 403, 404, 408, 410, 422, 429, 500, 503];
        let is_final = |code: &u16| is_final(StatusCode::from_u16(*code).unwrap());
        assert_eq!(statuses.into_iter().filter(is_final).collect::<Vec<_>>(), [400, 404, 410, 422]);
    }

    #[test]
    fn the_form_names_the_channel() {
        let fields = |channel| {
            let form = sender("https://api.twilio.com").form(&message(channel, Purpose::CustomerSignIn));
            form_urlencoded::parse(form.as_bytes()).into_owned().collect::<Vec<_>>()
        };
        let (sms, whatsapp) = (fields(VerificationMethod::Phone), fields(VerificationMethod::Whatsapp));
        assert_eq!(sms[0], ("To".to_owned(), "+998901234567".to_owned()));
        assert_eq!(sms[1], ("From".to_owned(), "+15005550006".to_owned()));
        assert!(sms[2].0 == "Body" && sms[2].1.starts_with("012345 is your code"), "{sms:?}");
        assert_eq!(whatsapp[0].1, "whatsapp:+998901234567");
        assert_eq!(whatsapp[1].1, "whatsapp:+15005550006");
        assert_eq!(sms.len(), 3);
    }

    #[test]
    fn whatsapp_names_its_template_and_sms_does_not() {
        let mut sender = sender("https://api.twilio.com");
        sender.settings.whatsapp_content_sid = Some("HX1".to_owned());
        let fields = |channel| {
            let form = sender.form(&message(channel, Purpose::CustomerSignIn));
            form_urlencoded::parse(form.as_bytes()).into_owned().skip(2).collect::<Vec<_>>()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [pair("ContentSid", "HX1"), pair("ContentVariables", r#"{"1":"012345"}"#)];
        assert_eq!(fields(VerificationMethod::Whatsapp), expected);
        assert_eq!(fields(VerificationMethod::Phone)[0].0, "Body");
    }
}
