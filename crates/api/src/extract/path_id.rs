//! The `{id}` of a path.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::extract::query::no_query;
use crate::problem::{Problem, Result};

/// The id in a path. A text that is not a UUID names no record, so the answer is 404.
#[derive(Clone, Copy)]
pub(crate) struct PathId<T>(Option<T>);

impl<T> PathId<T> {
    /// The id.
    pub(crate) fn found(self) -> Result<T> {
        self.0.ok_or_else(Problem::not_found)
    }

    /// The id, of a request that has no query parameters.
    pub(crate) fn without_query(self, request: &HttpRequest) -> Result<T> {
        let id = self.found()?;
        no_query(request.query_string()).map(|()| id)
    }
}

impl<T: FromStr> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().get("id").and_then(|text| text.parse().ok()))))
    }
}
