//! Mail over SMTP (RFC 5321).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Email, MessageId, Notice, ValueError};
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use crate::http::{is_local, server};
use crate::sender::{CodeMessage, CodeSender, GatewayError, SendError};
use crate::{code_text, notice_text};

/// How long connecting or one command may take.
const STEP_LIMIT: Duration = Duration::from_secs(8);
const MAX_CONNECTIONS: u32 = 8;
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Answers that refuse our credentials. The operator can correct that while the outbox tries again.
const NOT_LET_IN: [u16; 4] = [530, 534, 535, 538];

#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub url: SmtpUrl,
    pub from: MailFrom,
}

/// `smtps://user:password@host`, or `smtp://` with `?tls=required`, `?tls=opportunistic` or no encryption.
#[derive(Clone, Debug)]
pub struct SmtpUrl(SecretString);

impl SmtpUrl {
    fn builder(&self) -> Result<AsyncSmtpTransportBuilder, Error> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(self.0.expose_secret())
    }

    pub(crate) fn is_plain(&self) -> bool {
        let url = reqwest::Url::parse(self.0.expose_secret());
        url.is_ok_and(|url| {
            let is_encrypted = url.scheme() == "smtps" || url.query_pairs().any(|(name, _)| name == "tls");
            !is_encrypted && !url.host_str().is_some_and(is_local)
        })
    }
}

/// Without its password.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(url) = reqwest::Url::parse(self.0.expose_secret()) else { return f.write_str("…") };
        let who = match url.username() {
            "" => String::new(),
            name if name.to_ascii_lowercase().contains("%3a") => "…@".to_owned(),
            name => format!("{name}:…@"),
        };
        let Some(server) = server(&url, &who) else { return write!(f, "{}://…", url.scheme()) };
        f.write_str(&server)?;
        match url.query() {
            Some(tls @ ("tls=required" | "tls=opportunistic")) => write!(f, "?{tls}"),
            Some(_) => f.write_str("?…"),
            None => Ok(()),
        }
    }
}

impl FromStr for SmtpUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let url = Self(text.trim().into());
        // The message of lettre may repeat the password.
        url.builder().map(|_| ()).map_err(|_| {
            let allowed = "not a URL such as smtps://user:password@mail.example.com, \
                           smtp://mail.example.com:587?tls=required or smtp://localhost:25";
            ValueError::new("invalid_url", allowed)
        })?;
        Ok(url)
    }
}

/// An address, or a name with an address: `Example <codes@example.com>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom(Mailbox);

impl fmt::Display for MailFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MailFrom {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refused = |_| ValueError::new("invalid_email", "not an address such as Example <codes@example.com>");
        let mailbox: Mailbox = text.parse().map_err(refused)?;
        let email = with_ascii_domain(&mailbox.email).unwrap_or(mailbox.email);
        Ok(Self(Mailbox { email, ..mailbox }))
    }
}

/// Mail servers take domains only as A-labels.
fn with_ascii_domain(address: &Address) -> Option<Address> {
    let email = Email::parse(address.as_ref()).ok()?;
    Address::new(address.user(), email.as_str().rsplit_once('@')?.1).ok()
}

/// Sends codes as mail.
pub(crate) struct SmtpSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpSender {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, GatewayError> {
        let builder = settings.url.builder().map_err(|error| GatewayError(Box::new(error)))?;
        let pool = PoolConfig::new().max_size(MAX_CONNECTIONS).idle_timeout(IDLE_LIMIT);
        let transport = builder.timeout(Some(STEP_LIMIT)).pool_config(pool).build();
        Ok(Self { transport, from: settings.from.0.clone() })
    }
}

#[async_trait]
impl CodeSender for SmtpSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError> {
        let mail = compose(message, &self.from)?;
        let sent = self.transport.send(mail).await.map(|_| ());
        sent.map_err(|error| {
            if is_beyond_ascii(message, &error) {
                // This is final, since every attempt asks the same mail server.
                return SendError::Refused(
                    "the mail server takes no addresses beyond ASCII (it lacks SMTPUTF8)".into(),
                );
            }
            send_error(&error)
        })
    }

    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError> {
        let subject = notice_text::subject(notice.purpose);
        let mail = mail_to(&notice.recipient, notice.id, &self.from, subject, notice_text::mail(notice))?;
        self.transport.send(mail).await.map(|_| ()).map_err(|error| send_error(&error))
    }
}

fn compose(message: &CodeMessage, from: &Mailbox) -> Result<Message, SendError> {
    mail_to(&message.to, message.id, from, code_text::subject(message.purpose), code_text::mail(message))
}

fn mail_to(to: &str, id: MessageId, from: &Mailbox, subject: String, text: String) -> Result<Message, SendError> {
    let refused = |reason: &'static str| SendError::Refused(reason.into());
    let to = Email::parse(to).ok().and_then(|email| email.as_str().parse().ok());
    let to = to.ok_or_else(|| refused("the address is not one that mail can be sent to"))?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        // The same at every attempt, so that a mail server can recognize a repetition.
        .message_id(Some(format!("<{}@{}>", id, from.email.domain())))
        // Asks robots not to answer (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        // Needed before the content type means anything (RFC 2045 section 4).
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|_| refused("the mail cannot be written"))
}

/// Whether the mail server does not accept the part of the address before its `@`.
fn is_beyond_ascii(message: &CodeMessage, error: &Error) -> bool {
    !message.to.is_ascii() && error.is_client() && without_answer(error).contains("SMTPUTF8")
}

/// Keeps only the number of the answer, since mail servers often repeat the recipient.
fn send_error(error: &Error) -> SendError {
    if error.is_timeout() {
        return SendError::TimedOut;
    }
    let Some(status) = error.status() else {
        return SendError::Failed(without_answer(error).into());
    };
    let reason = format!("the mail server answered {status}");
    if error.is_permanent() && !NOT_LET_IN.contains(&status.into()) {
        return SendError::Refused(reason.into());
    }
    SendError::Failed(reason.into())
}

fn without_answer(error: &Error) -> String {
    if error.is_response() {
        return "the mail server does not speak SMTP".to_owned();
    }
    domain::ErrorChain(error).to_string()
}

#[cfg(test)]
mod tests {
    use domain::VerificationMethod;
    use domain::challenge::Purpose;

    use super::*;
    use crate::code_text::tests::message;

    #[test]
    fn a_url_is_of_smtp_and_warns_when_others_can_read_along() {
        for (text, plain) in [
            ("smtps://user:p%40ss@mail.example.com", Some(false)),
            ("smtp://user:p%40ss@mail.example.com:587?tls=required", Some(false)),
            ("smtp://mail.example.com?tls=opportunistic", Some(false)),
            ("smtp://mail.example.com", Some(true)),
            ("smtp://localhost:2525", Some(false)),
            ("smtp://127.0.0.1:2525", Some(false)),
            ("smtp://mail.example.com?tls=maybe", None),
            ("https://mail.example.com", None),
            ("mail.example.com:25", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<SmtpUrl>().ok().map(|url| url.is_plain()), plain, "{text}");
        }
    }

    #[test]
    fn a_refused_url_is_not_repeated() {
        let error = "smtp://ann:sesame@mail.example.com?tls=sesame".parse::<SmtpUrl>().unwrap_err();
        assert!(!error.to_string().contains("sesame"), "{error}");
        let url: SmtpUrl = "smtp://ann:sesame@mail.example.com".parse().unwrap();
        assert!(!format!("{url:?}").contains("sesame"));
        assert_eq!(url.to_string(), "smtp://ann:…@mail.example.com");
        let url: SmtpUrl = "smtp://mail.example.com:587?tls=required".parse().unwrap();
        assert_eq!(url.to_string(), "smtp://mail.example.com:587?tls=required");
    }

    #[test]
    fn a_mail_is_the_same_at_every_attempt_and_nobody_answers_it() {
        let from: MailFrom = "Example <codes@example.com>".parse().unwrap();
        let message = message(VerificationMethod::Email, Purpose::PasswordReset);
        let mail = String::from_utf8(compose(&message, &from.0).unwrap().formatted()).unwrap();
        for line in [
            "From: Example <codes@example.com>",
            "To: ann@example.com",
            "Subject: Your code to set a new password",
            &format!("Message-ID: <{}@example.com>", message.id),
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
            "    012345",
            &format!("It answers to challenge {}.", message.challenge_id),
        ] {
            assert!(mail.lines().any(|found| found == line), "no {line} in\n{mail}");
        }
    }

    /// Header fields of a mail, unfolded, and its body (RFC 5322 section 2).
    fn parts(mail: &str) -> (Vec<(String, String)>, &str) {
        let (head, body) = mail.split_once("\r\n\r\n").expect("an empty line");
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let field = |line: &str| {
            line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a field")
        };
        (head.split("\r\n").map(field).collect(), body)
    }

    #[test]
    fn a_mail_is_one_of_rfc_5322_and_rfc_2045() {
        for (from, to, shown) in [
            ("codes@example.com", "ann@example.com", ["codes@example.com", "ann@example.com"]),
            (
                "Ünïcode <codes@bücher.example>",
                "ann@bücher.example",
                ["<codes@xn--bcher-kva.example>", "ann@xn--bcher-kva.example"],
            ),
        ] {
            let from: MailFrom = from.parse().unwrap();
            for purpose in Purpose::ALL {
                let message = CodeMessage { to: to.to_owned(), ..message(VerificationMethod::Email, *purpose) };
                let mail = String::from_utf8(compose(&message, &from.0).unwrap().formatted()).unwrap();
                let (fields, body) = parts(&mail);
                let all = |name: &str| {
                    fields.iter().filter(|(found, _)| found == name).map(|(_, value)| &**value).collect::<Vec<_>>()
                };
                let one = |name: &str| {
                    *all(name)
                        .first()
                        .filter(|_| all(name).len() == 1)
                        .unwrap_or_else(|| panic!("one {name} in {mail}"))
                };
                assert!(mail.is_ascii() && !mail.replace("\r\n", "").contains(['\r', '\n', '\0']), "{mail}");
                assert!(mail.split("\r\n").all(|line| line.len() <= 998) && mail.ends_with("\r\n"), "{mail}");
                assert_eq!(one("MIME-Version"), "1.0");
                assert_eq!(one("Content-Type"), "text/plain; charset=utf-8");
                assert_eq!(one("Content-Transfer-Encoding"), "7bit");
                assert!(chrono::DateTime::parse_from_rfc2822(one("Date")).is_ok(), "{mail}");
                let id =
                    one("Message-ID").strip_prefix('<').and_then(|id| id.strip_suffix('>')).expect("angle brackets");
                assert_eq!(id.split('@').count(), 2, "{id}");
                assert!(one("From").ends_with(shown[0]), "{mail}");
                assert_eq!((one("To"), all("Cc").len(), all("Bcc").len()), (shown[1], 0, 0));
                assert!(one("Subject").starts_with("Your code "), "{mail}");
                assert!(body.contains("    012345\r\n"), "{mail}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let from: MailFrom = "codes@example.com".parse().unwrap();
        let message = message(VerificationMethod::Phone, Purpose::PasswordReset);
        assert!(matches!(compose(&message, &from.0), Err(SendError::Refused(_))));
        assert!("codes".parse::<MailFrom>().is_err());
    }
}
