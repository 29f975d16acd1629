//! `POST /users/`

use actix_web::HttpRequest;
use auth::{Invitations, KeyRing, Password, Passwords};
use domain::accounts::{Created as Entered, Entry, SentUser};
use domain::idempotency::AnswerToStore;
use domain::{Accounts, Actor, NewUser, User};

use super::new_user::{CreateUserRequest, new_user};
use super::response::{UserResponse, created};
use crate::extract::{Authenticated, JsonBody, idempotency_key, no_query};
use crate::problem::{Problem, Result};
use crate::services::Service;

/// Enters a person with their profile. An admin enters anyone. A manager enters customers, who are then assigned to that
/// manager.
///
/// Staff without a `password` are invited: a code and its `challenge_id`, valid for 72 hours, go over their verification
/// method. `POST /auth/password/reset` takes both with the first password. After 72 hours they use
/// `POST /auth/password/forgot`.
#[utoipa::path(post, path = "/users/",
    request_body = CreateUserRequest,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "Up to 255 visible ASCII characters. The same request under the same key gets the first \
                       answer again for 24 hours, and enters nobody.")),
    responses(
        (status = 201, description = "The person. Staff without a password are invited.", body = UserResponse,
            headers(("Location" = String, description = "Where the person is, relative to the request"))),
        (status = 400, description = "`malformed_json`, or `bad_request` for a wrong `Idempotency-Key`"),
        (status = 403, description = "`forbidden`: the caller may not enter this role, or not set the field that the pointer names"),
        (status = 409, description = "`email_taken` or `phone_taken`"),
        (status = 422, description = "`validation_failed`, or `idempotency_key_reused`: another request had the key")))]
pub(crate) async fn create_user(
    caller: Authenticated,
    accounts: Service<Accounts>,
    invitations: Service<Invitations>,
    passwords: Service<Passwords>,
    keys: Service<KeyRing>,
    request: HttpRequest,
    body: JsonBody,
) -> Result {
    let actor = &caller.actor;
    let ways = Ways { accounts: &accounts, invitations: &invitations, passwords: &passwords };
    let sent = async || {
        no_query(request.query_string())?;
        let key = idempotency_key::key(&request)?;
        let fields = body.fields().await?;
        let request = key.map(|key| keys.idempotent_request(caller.user.id, key, &fields.canonical()));
        let answer = request.map(|request| AnswerToStore { request, answer: |user| created(user).remembered() });
        let role = fields.peek("role").and_then(|role| role.parse().ok());
        Ok(SentUser { role, answer, enter: async move |entry| ways.enter(actor, fields.read(new_user)?, entry).await })
    };
    match accounts.create_idempotent::<Problem, _>(actor, sent).await? {
        Entered::Now(user) => Ok(created(&user).answer(&request)),
        Entered::Before(answer) => idempotency_key::again(&answer, &request),
    }
}

/// The ways to enter a person.
#[derive(Clone, Copy)]
struct Ways<'a> {
    accounts: &'a Accounts,
    invitations: &'a Invitations,
    passwords: &'a Passwords,
}

impl Ways<'_> {
    async fn enter(self, actor: &Actor, new: (NewUser, Option<Password>), entry: Entry) -> Result<User> {
        let new = match new {
            (NewUser::Staff(new), None) => return Ok(self.invitations.invite(actor, new, entry).await?),
            (NewUser::Staff(mut new), Some(password)) => {
                let email = Some(&new.staff.email);
                new.password_hash = self.passwords.hash_new(actor, "password", &password, email).await?;
                NewUser::Staff(new)
            }
            (customer, _) => customer,
        };
        Ok(self.accounts.create_as(actor, new, entry).await?)
    }
}
