//! A client of one service, for one caller.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Url, redirect};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::caller::{Caller, Session};
use crate::error::Error;
use crate::problem::ProblemCode;
use crate::request::{Answer, Request};
use crate::retry::Retry;
use crate::transport::Transport;

const USER_AGENT: &str = concat!("clientele-client/", env!("CARGO_PKG_VERSION"));
/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a stream may stand still.
const STANDSTILL_LIMIT: Duration = Duration::from_mins(1);

/// Calls a service as nobody, as somebody who is signed in, or with an API key.
///
/// ```
/// use clientele_client::Client;
///
/// let anyone = Client::new("https://people.example.com")?;
/// let report = anyone.with_api_key("clk_…".into());
/// assert_eq!(format!("{report:?}"), "Client(https://people.example.com/ as an API key)");
/// # Ok::<_, clientele_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
    caller: Caller,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} as {:?})", self.transport.base, self.caller)
    }
}

/// Settings of a client before it is one.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    url: String,
    retry: Retry,
    timeout: Duration,
    user_agent: String,
}

impl ClientBuilder {
    /// How often requests are sent again.
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// How long one attempt and its answer may take: 30 seconds unless set. Imports from a reader and exports may take as
    /// long as they want, but may not stand still for a minute.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// What the list of sessions shows for those that begin with this client.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..self }
    }

    /// The client, who is nobody yet.
    ///
    /// # Errors
    /// [`Error::Url`] when the URL is not one of http or https, or has more than a host and a path;
    /// [`Error::Unreachable`] when this machine has no certificates to trust.
    pub fn build(self) -> Result<Client, Error> {
        let http = reqwest::Client::builder()
            // The service redirects nobody. A token must not follow somebody else's redirect.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(STANDSTILL_LIMIT)
            .user_agent(self.user_agent)
            .build()
            .map_err(Error::of_http)?;
        let transport = Transport { http, base: base(&self.url)?, retry: self.retry, timeout: self.timeout };
        Ok(Client { transport: Arc::new(transport), caller: Caller::Nobody })
    }
}

/// The URL with a slash at its end, so that paths go below it.
fn base(text: &str) -> Result<Url, Error> {
    let mut url = Url::parse(text.trim()).map_err(|error| Error::Url(error.to_string()))?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !is_plain || url.password().is_some() {
        return Err(Error::Url("only http or https, a host and a path".to_owned()));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

impl Client {
    /// A client with the usual settings, for the service at this URL.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::builder(url).build()
    }

    /// The settings of a client for the service at this URL.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder {
            url: url.to_owned(),
            retry: Retry::default(),
            timeout: Duration::from_secs(30),
            user_agent: USER_AGENT.to_owned(),
        }
    }

    /// A client that calls with this API key, on the same connections.
    #[must_use]
    pub fn with_api_key(&self, key: SecretString) -> Self {
        self.as_caller(Caller::ApiKey(key))
    }

    /// A client that goes on with a session that was begun before, as its [`Client::refresh_token`] of then.
    #[must_use]
    pub fn with_refresh_token(&self, token: SecretString) -> Self {
        self.as_caller(Caller::Session(Session::resumed(token)))
    }

    /// The token with which [`Client::with_refresh_token`] goes on with this session, after a restart for instance. Each
    /// renewal of the session replaces it. `None` for nobody and for an API key.
    pub async fn refresh_token(&self) -> Option<SecretString> {
        match &self.caller {
            Caller::Session(session) => Some(session.refresh_token().await),
            Caller::Nobody | Caller::ApiKey(_) => None,
        }
    }

    pub(crate) fn as_caller(&self, caller: Caller) -> Self {
        Self { transport: self.transport.clone(), caller }
    }

    /// Sends a request as the caller. When a session's token is refused, the session is renewed and the request sent again.
    pub(crate) async fn send(&self, mut request: Request) -> Result<Answer, Error> {
        let Caller::Session(session) = &self.caller else {
            let key = if let Caller::ApiKey(key) = &self.caller { Some(key) } else { None };
            return self.transport.send(&mut request, key).await;
        };
        let token = session.access_token(&self.transport).await?;
        match self.transport.send(&mut request, Some(&token)).await {
            Err(error) if error.is(&ProblemCode::InvalidToken) && request.can_be_sent() => {
                let token = session.other_token(&self.transport, &token).await?;
                self.transport.send(&mut request, Some(&token)).await
            }
            answer => answer,
        }
    }

    /// Sends a request once, as nobody.
    pub(crate) async fn ask_once(&self, mut request: Request) -> Result<Answer, Error> {
        self.transport.attempt(&mut request, None).await
    }

    pub(crate) async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        self.send(request).await?.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_below_the_url() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/users/me"),
            (" https://example.com/people ", "https://example.com/people/users/me"),
            ("https://example.com/people/", "https://example.com/people/users/me"),
        ] {
            assert_eq!(base(url).unwrap().join("users/me").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_is_more_than_a_host_and_a_path_is_refused() {
        for url in
            ["", "example.com", "ftp://example.com", "http://a:b@example.com", "http://example.com?x", "http://x/#y"]
        {
            assert!(matches!(Client::new(url), Err(Error::Url(_))), "{url}");
        }
    }
}
