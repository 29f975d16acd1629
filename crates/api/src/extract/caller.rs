//! Who calls: somebody who is signed in, or an anonymous client of a public route.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use auth::Caller;
use domain::Actor;
use futures_util::future::{Ready, ready};

use crate::middleware::context::RequestContext;
use crate::problem::Problem;

/// The signed-in caller, as the authentication middleware found them.
pub(crate) struct Authenticated(pub(crate) Caller);

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        ready(caller.map(Self).ok_or_else(Problem::invalid_token))
    }
}

/// Somebody who has not signed in, on a public route.
pub(crate) struct Anonymous(pub(crate) Actor);

impl FromRequest for Anonymous {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::of(request).map(|context| Self(Actor::anonymous(context.origin))))
    }
}
