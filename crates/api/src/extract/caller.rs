//! Who calls: somebody who is signed in, or an anonymous client of a public route.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use auth::Caller;
use domain::Actor;

use crate::middleware::context::RequestContext;
use crate::problem::{Problem, Result};

/// The signed-in caller, as the authentication middleware found them.
pub(crate) struct Authenticated(Caller);

impl Deref for Authenticated {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        ready(caller.map(Self).ok_or_else(Problem::invalid_token))
    }
}

/// Somebody who has not signed in, on a public route.
pub(crate) struct Anonymous(Actor);

impl Deref for Anonymous {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for Anonymous {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::of(request).map(|context| Self(Actor::anonymous(context.origin))))
    }
}
