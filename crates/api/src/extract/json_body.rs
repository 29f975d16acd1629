//! JSON bodies: one object without duplicate keys, of the right media type, of at most 64 KiB, received within the time
//! that the settings give.

use std::io;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use auth::PasswordPolicy;
use formats::json::parse_object;
use futures_util::StreamExt;
use futures_util::future::{Ready, ready};
use utoipa::openapi::{RefOr, Schema};

use crate::extract::fields::Fields;
use crate::extract::media_type::check_media_type;
use crate::problem::{Code, Problem};
use crate::schema::object;
use crate::services::Services;

/// Most bytes of a JSON body.
const MAX_BYTES: usize = 64 * 1024;

/// A request that is read from fields.
pub(crate) trait FromFields: Sized {
    /// Takes the fields out. `None` when one is wrong: [`Fields::finish`] says so.
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self>;
}

/// What the document says of such a request: the fields that its reading asks for.
pub(crate) fn body_schema<T: FromFields>(about: &str) -> RefOr<Schema> {
    object(about, &Fields::asked_by(|fields| T::from_fields(fields, PasswordPolicy::default())))
}

/// Requests as components: type, name, and what they are.
macro_rules! body_components {
    ($($type:ty, $name:literal, $about:literal;)+) => {$(
        $crate::schema::component!($type, $name, [], $crate::extract::json_body::body_schema::<$type>($about));
    )+};
}
pub(crate) use body_components;

/// A body that is not read yet, so that a handler can refuse the caller first.
pub(crate) struct JsonBody {
    request: HttpRequest,
    payload: Payload,
    timeout: Duration,
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let services = request.app_data::<Data<Services>>();
        ready(
            services.ok_or_else(|| Problem::internal(&io::Error::other("a request has no services"))).map(|services| {
                Self { request: request.clone(), payload: payload.take(), timeout: services.body_timeout }
            }),
        )
    }
}

impl JsonBody {
    /// Reads the body as a request of this type.
    pub(crate) async fn read<T: FromFields>(self, services: &Services) -> Result<T, Problem> {
        let mut fields = self.fields().await?;
        let request = T::from_fields(&mut fields, services.auth.passwords.policy());
        fields.finish(request)
    }

    /// Reads the body as fields that are not checked yet.
    pub(crate) async fn fields(self) -> Result<Fields, Problem> {
        self.fields_of(&["application/json"]).await
    }

    /// Reads a merge patch (RFC 7396), which may have its own media type.
    pub(crate) async fn patch_fields(self) -> Result<Fields, Problem> {
        self.fields_of(&["application/json", "application/merge-patch+json"]).await
    }

    async fn fields_of(self, media_types: &[&str]) -> Result<Fields, Problem> {
        check_media_type(&self.request, media_types)?;
        let bytes = tokio::time::timeout(self.timeout, collect(&self.request, self.payload))
            .await
            .map_err(|_| Problem::new(Code::RequestTimeout, "the body took too long to arrive"))??;
        let object = parse_object(&bytes).map_err(|error| Problem::new(Code::MalformedJson, error.to_string()))?;
        Ok(object.into())
    }
}

async fn collect(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(Code::PayloadTooLarge, "a body may have at most 65536 bytes");
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest, "the body broke off"))?;
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
