//! `POST /auth/signin`

use actix_web::http::StatusCode;
use auth::SignIn;

use super::credentials::{Credentials, SigninRequest, credentials};
use crate::auth::{CodeSentResponse, SignedInResponse, answer, code_sent};
use crate::extract::{Anonymous, JsonBody, TokenPlace};
use crate::problem::Result;
use crate::services::Service;

/// Signs in: staff with e-mail and password, customers by phone and code.
#[utoipa::path(post, path = "/auth/signin",
    request_body = SigninRequest,
    responses(
        (status = 200, description = "Signed in.", body = SignedInResponse),
        (status = 202, description = "A code is on its way: by phone, or as the second factor. The answer is the same for a number that nobody has.",
            body = CodeSentResponse),
        (status = 401, description = "`invalid_credentials`: wrong e-mail, wrong password or no such account"),
        (status = 403, description = "`account_inactive`: right password, inactive account"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn sign_in(anyone: Anonymous, sign_in: Service<SignIn>, place: TokenPlace, body: JsonBody) -> Result {
    Ok(match body.read(credentials).await? {
        Credentials::Password(email, password) => {
            answer(&sign_in.by_password(&anyone, &email, &password).await?, StatusCode::OK, place)
        }
        Credentials::Phone(phone) => code_sent(&sign_in.by_phone(&anyone, &phone).await?),
    })
}
