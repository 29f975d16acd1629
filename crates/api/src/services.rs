//! What the handlers work with. Each takes just the services that it uses.

use std::future::{Ready, ready};
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use ::auth::{Admins, Codes, Introspection, Invitations, KeyRing, Passwords, Sessions, SignIn, SignUp, Tokens};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::{Accounts, Clock};

use crate::console::Console;
use crate::imports::Imports;
use crate::problem::{Problem, Result};
use crate::public_url::PublicUrl;
use crate::readiness::Readiness;

/// The use-cases that the routes call.
#[derive(Clone)]
pub struct Services {
    /// Finds and changes people, and reads the audit trail.
    pub accounts: Accounts,
    /// Sign-up, sign-in, tokens and sessions.
    pub auth: ::auth::Services,
    /// The signing keys, whose public parts are published.
    pub keys: Arc<KeyRing>,
    /// Where clients reach the service.
    pub public_url: PublicUrl,
    /// Gives the time.
    pub clock: Arc<dyn Clock>,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Whether requests can be served.
    pub readiness: Readiness,
    /// How many files are imported at once.
    pub imports: Imports,
    /// The screens for a browser, if they are served.
    pub console: Option<Console>,
}

impl Services {
    /// The services of the app that serves the request. [`crate::configure`] adds them to every app.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Data<Self>> {
        let services = request.app_data::<Data<Self>>();
        services.ok_or_else(|| Problem::internal(&io::Error::other("a request has no services")))
    }
}

/// One of the services, as the argument of a handler. A handler that takes what is not among them does not compile.
pub(crate) struct Service<T>(Data<Services>, PhantomData<T>);

impl<T: 'static> FromRequest for Service<T>
where
    Self: Deref<Target = T>,
{
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Services::of(request).map(|services| Self(services.clone(), PhantomData)))
    }
}

macro_rules! services {
    ($($type:ty: $($field:ident).+;)+) => {$(
        impl Deref for Service<$type> {
            type Target = $type;

            fn deref(&self) -> &$type {
                &self.0.$($field).+
            }
        }
    )+};
}

services! {
    Accounts: accounts;
    Admins: auth.admins;
    ::auth::ApiKeys: auth.api_keys;
    Codes: auth.codes;
    Invitations: auth.invitations;
    Passwords: auth.passwords;
    Sessions: auth.sessions;
    SignIn: auth.sign_in;
    SignUp: auth.sign_up;
    Tokens: auth.tokens;
    Introspection: auth.introspection;
    KeyRing: keys;
    PublicUrl: public_url;
    Arc<dyn Clock>: clock;
    Readiness: readiness;
    Imports: imports;
    Option<Console>: console;
}
