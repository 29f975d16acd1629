//! JSON bodies: one object without duplicate keys, of the right media type, of at most 64 KiB, received within the time
//! that the settings give.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use auth::PasswordPolicy;
use formats::json::parse_object;

use crate::extract::body::Body;
use crate::extract::fields::Fields;
use crate::problem::{Code, Problem, Result};
use crate::services::Services;

/// Bodies of requests, described by the functions that read them.
macro_rules! bodies {
    ($($name:ident = $read:expr, $about:expr;)+) => {$(
        $crate::schema::component!($name, [], {
            $crate::schema::object($about, &$crate::extract::fields::Fields::asked_by($read))
        });
    )+};
}
pub(crate) use bodies;

/// A body that is not read yet, so that a handler can refuse the caller first.
pub(crate) struct JsonBody {
    body: Body,
    passwords: PasswordPolicy,
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::of(request, payload);
        let passwords = Services::of(request).map(|services| services.auth.passwords.policy());
        ready(body.and_then(|body| Ok(Self { body, passwords: passwords? })))
    }
}

impl JsonBody {
    /// Reads the body with a reader of its fields.
    pub(crate) async fn read<T>(self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T> {
        self.fields().await?.read(read)
    }

    /// Reads the body as fields that are not checked yet.
    pub(crate) async fn fields(self) -> Result<Fields> {
        self.fields_of(&["application/json"]).await
    }

    /// Reads a merge patch (RFC 7396), which may have its own media type.
    pub(crate) async fn patch_fields(self) -> Result<Fields> {
        self.fields_of(&["application/json", "application/merge-patch+json"]).await
    }

    async fn fields_of(self, media_types: &[&str]) -> Result<Fields> {
        let bytes = self.body.bytes(media_types).await?;
        let object = parse_object(&bytes).map_err(|error| Problem::new(Code::MalformedJson, error.to_string()))?;
        Ok(Fields::of_body(object, self.passwords))
    }
}
