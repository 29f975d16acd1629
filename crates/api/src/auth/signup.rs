//! `POST /auth/signup`

use actix_web::http::StatusCode;
use auth::{Admins, SignUp};

use super::new_account::{NewAccount, SignupRequest, new_account};
use crate::auth::{SignedInResponse, SignupAccepted, answer, code_sent};
use crate::extract::{Anonymous, JsonBody, TokenPlace};
use crate::problem::Result;
use crate::services::Service;

/// Creates an account.
///
/// With `email` and `password`: a manager, as the policy `signup.staff` says. With `phone`: a customer. A code goes to the
/// phone, and a number that is already a customer's signs that customer in. With `setup_token`: the first admin.
#[utoipa::path(post, path = "/auth/signup",
    request_body = SignupRequest,
    responses(
        (status = 201, description = "An account, signed in.", body = SignedInResponse),
        (status = 202, description = "A code is on its way, or an admin has to activate the account.",
            body = SignupAccepted),
        (status = 401, description = "`invalid_setup_token`"),
        (status = 403, description = "`signup_closed`"),
        (status = 409, description = "`email_taken`, under the policy `open` only")))]
pub(crate) async fn sign_up(
    anyone: Anonymous,
    sign_up: Service<SignUp>,
    admins: Service<Admins>,
    place: TokenPlace,
    body: JsonBody,
) -> Result {
    let done = match body.read(new_account).await? {
        NewAccount::Staff(staff) => sign_up.staff(&anyone, staff).await?,
        NewAccount::FirstAdmin(admin) => admins.sign_up_first(&anyone, admin).await?,
        NewAccount::Customer(phone, display_name) => {
            return Ok(code_sent(&sign_up.customer(&anyone, phone, display_name).await?));
        }
    };
    Ok(answer(&done, StatusCode::CREATED, place))
}
