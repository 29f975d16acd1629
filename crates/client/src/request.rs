//! A request, and an answer to it.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use reqwest::{Body, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

pub(crate) type Query = Vec<(&'static str, String)>;

/// A request that is not yet sent.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Below the URL of the service, without a slash before it.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) content: Content,
    /// Whether it changes nothing when it is carried out again.
    pub(crate) may_be_done_twice: bool,
    /// Whether the answer is read while it arrives.
    pub(crate) is_streamed: bool,
}

/// The body of a request.
pub(crate) enum Content {
    None,
    Whole(Bytes),
    /// Read while it is sent. It can be sent once.
    Streamed(Option<Body>),
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        let may_be_done_twice = method == Method::GET;
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            content: Content::None,
            may_be_done_twice,
            is_streamed: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(crate) fn query(mut self, query: Query) -> Self {
        self.query.extend(query);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        // No type here has a key that is no text, or a `Serialize` that fails.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.content("application/json", Content::Whole(body.into()))
    }

    pub(crate) fn content(mut self, media_type: &str, content: Content) -> Self {
        self.content = content;
        self.header(CONTENT_TYPE, media_type)
    }

    /// Twice is once.
    pub(crate) fn may_be_done_twice(self) -> Self {
        Self { may_be_done_twice: true, ..self }
    }

    /// A reading that is an event of the audit trail.
    pub(crate) fn may_be_done_once(self) -> Self {
        Self { may_be_done_twice: false, ..self }
    }

    pub(crate) fn streamed(self) -> Self {
        Self { is_streamed: true, ..self }
    }

    /// Whether its body is still here.
    pub(crate) fn can_be_sent(&self) -> bool {
        !matches!(self.content, Content::Streamed(None))
    }
}

/// An answer that is a success.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) content: AnswerContent,
}

pub(crate) enum AnswerContent {
    Whole(Bytes),
    Streamed(reqwest::Response),
}

impl Answer {
    /// What the body says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let AnswerContent::Whole(body) = &self.content else { return Err(self.unexpected("a stream")) };
        // The message of the error may show what is there, which may be a token.
        serde_json::from_slice(body).map_err(|error| {
            self.unexpected(&format!("not the JSON of this route, in line {} column {}", error.line(), error.column()))
        })
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Result<&str, Error> {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| self.unexpected(&format!("there is no {name}")))
    }

    pub(crate) fn unexpected(&self, reason: &str) -> Error {
        Error::Unexpected { status: self.status, reason: reason.to_owned(), retry_after: None }
    }
}
