//! Every route that is not declared public needs a valid access token. Without one the answer is 401,
//! whatever the path.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use auth::Caller;

use crate::extract::caller::origin;
use crate::problem::Problem;
use crate::routes;
use crate::services::Services;

/// Lets a request through to a public route, or with the identity of its token.
pub(crate) async fn authentication<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if routes::of(&request).is_some_and(routes::is_public) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let caller = identify(&request).await.and_then(|caller| count(&request, &caller).map(|()| caller));
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.call(request).await.map(ServiceResponse::map_into_left_body)
        }
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

async fn identify(request: &ServiceRequest) -> Result<Caller, Problem> {
    let services = request.app_data::<Data<Services>>().ok_or_else(Problem::invalid_token)?;
    let token = bearer_token(request.request()).ok_or_else(Problem::invalid_token)?;
    let caller = services.auth.tokens.authenticate(token, origin(request.request())).await;
    caller.map_err(|error| Problem::from(error).about_a_token())
}

/// The narrower limit is the one to tell.
fn count(request: &ServiceRequest, caller: &Caller) -> Result<(), Problem> {
    let traffic = request.app_data::<Data<Services>>().and_then(|services| services.edge.traffic.as_ref());
    if let Some(traffic) = traffic {
        let limit = traffic.take_user(caller.user.id).map_err(Problem::rate_limited)?;
        request.extensions_mut().insert(limit);
    }
    Ok(())
}

/// The token of the one `Authorization: Bearer` header (RFC 6750 section 2.1). Never from the URL.
fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_token_comes_from_one_bearer_header() {
        let token = |values: &[&str]| {
            let request = values
                .iter()
                .fold(TestRequest::default(), |request, value| request.append_header((header::AUTHORIZATION, *value)));
            bearer_token(&request.to_http_request()).map(ToOwned::to_owned)
        };
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["bearer abc"]).as_deref(), Some("abc"));
        for refused in [&[][..], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer a"]] {
            assert_eq!(token(refused), None, "{refused:?}");
        }
    }
}
