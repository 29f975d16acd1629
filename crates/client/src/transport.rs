//! How requests travel: sent, sent again, answered.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::problem::Problem;
use crate::request::{Answer, AnswerContent, Content, Request};
use crate::retry::Retry;

/// The way to one service.
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    /// Ends in a slash.
    pub(crate) base: Url,
    pub(crate) retry: Retry,
    /// How long a request and its answer may take, unless one of them is a stream.
    pub(crate) timeout: Duration,
}

impl Transport {
    /// Sends a request, as often as [`Retry`] says. The answer is a success or 304.
    pub(crate) async fn send(&self, request: &mut Request, token: Option<&SecretString>) -> Result<Answer, Error> {
        let mut attempts = 0;
        loop {
            let error = match self.attempt(request, token).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            attempts += 1;
            match self.retry.wait(&error, attempts, request.may_be_done_twice) {
                Some(wait) if request.can_be_sent() => tokio::time::sleep(wait).await,
                _ => return Err(error),
            }
        }
    }

    /// Sends a request once.
    pub(crate) async fn attempt(&self, request: &mut Request, token: Option<&SecretString>) -> Result<Answer, Error> {
        let mut url = self.base.join(&request.path).map_err(|error| Error::Url(error.to_string()))?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut sent = self.http.request(request.method.clone(), url);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(token) = token {
            sent = sent.bearer_auth(token.expose_secret());
        }
        let mut is_streamed = request.is_streamed;
        match &mut request.content {
            Content::None => {}
            Content::Whole(body) => sent = sent.body(body.clone()),
            Content::Streamed(body) => {
                is_streamed = true;
                sent = sent.body(body.take().unwrap_or_default());
            }
        }
        if !is_streamed {
            sent = sent.timeout(self.timeout);
        }
        let response = sent.send().await.map_err(Error::of_http)?;
        answer(response, request.is_streamed).await
    }
}

async fn answer(response: Response, is_streamed: bool) -> Result<Answer, Error> {
    let (status, headers) = (response.status(), response.headers().clone());
    let is_good = status.is_success() || status == StatusCode::NOT_MODIFIED;
    if is_good && is_streamed {
        return Ok(Answer { status: status.as_u16(), headers, content: AnswerContent::Streamed(response) });
    }
    let body = response.bytes().await.map_err(Error::of_http)?;
    if is_good {
        return Ok(Answer { status: status.as_u16(), headers, content: AnswerContent::Whole(body) });
    }
    let retry_after = retry_after(&headers);
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(Error::Problem(Box::new(Problem { retry_after, ..problem }))),
        Err(_) => Err(Error::Unexpected {
            status: status.as_u16(),
            reason: "its body is no problem of the service".to_owned(),
            retry_after,
        }),
    }
}

/// The seconds that the service names.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
