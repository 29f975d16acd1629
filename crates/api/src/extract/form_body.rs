//! Bodies of forms (`application/x-www-form-urlencoded`), which OAuth asks for.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::ValueError;
use secrecy::SecretString;

use crate::extract::body::Body;
use crate::problem::{FieldError, Problem, Result};

/// A form that is not read yet, so that a handler can refuse the caller first.
pub(crate) struct FormBody(Body);

impl FromRequest for FormBody {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Body::of(request, payload).map(Self))
    }
}

impl FormBody {
    /// The parameter, which must be there once and not empty. Others are ignored (RFC 6749 section 3.2).
    pub(crate) async fn one(self, name: &'static str) -> Result<SecretString> {
        let bytes = self.0.bytes(&["application/x-www-form-urlencoded"]).await?;
        let values = form_urlencoded::parse(&bytes).filter(|(given, _)| given == name).map(|(_, value)| value);
        let values: Vec<_> = values.filter(|value| !value.is_empty()).collect();
        let refused = |code, detail: &'static str| {
            Err(Problem::invalid(vec![FieldError::new(name, ValueError::new(code, detail))]))
        };
        match values.as_slice() {
            [value] => Ok(value.as_ref().into()),
            [] => refused("required", "is required"),
            _ => refused("duplicate", "may be there only once"),
        }
    }
}
