//! To sign in, by password or by code.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::caller::{Caller, IssuedTokens, Session};
use crate::client::Client;
use crate::error::Error;
use crate::names::Channel;
use crate::request::Request;
use crate::user::User;

/// What comes of a sign-in, a sign-up or a code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SignInAnswer {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// A one-time code is on its way: [`Client::verify`] takes it.
    CodeSent(CodeSent),
    /// An admin has to activate the account first.
    ApprovalRequired,
}

impl SignInAnswer {
    /// The session, if there is one.
    #[must_use]
    pub fn signed_in(self) -> Option<SignedIn> {
        match self {
            Self::SignedIn(signed_in) => Some(*signed_in),
            _ => None,
        }
    }

    /// The challenge, if there is one.
    #[must_use]
    pub fn code_sent(self) -> Option<CodeSent> {
        match self {
            Self::CodeSent(sent) => Some(sent),
            _ => None,
        }
    }
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// Calls as this person.
    pub client: Client,
    /// The person.
    pub user: User,
}

/// A one-time code that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeSent {
    /// Names the challenge when the code comes back.
    pub challenge_id: Uuid,
    /// Over which channel the code goes.
    pub channel: Channel,
    /// How long the code is good.
    pub expires_in: Duration,
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Body {
    SignedIn(Box<SignedInBody>),
    CodeSent(CodeSentBody),
    ApprovalRequired,
}

#[derive(Deserialize)]
struct SignedInBody {
    #[serde(flatten)]
    tokens: IssuedTokens,
    user: User,
}

#[derive(Deserialize)]
pub(crate) struct CodeSentBody {
    challenge_id: Uuid,
    channel: Channel,
    /// In seconds.
    expires_in: u64,
}

impl From<CodeSentBody> for CodeSent {
    fn from(body: CodeSentBody) -> Self {
        let expires_in = Duration::from_secs(body.expires_in);
        Self { challenge_id: body.challenge_id, channel: body.channel, expires_in }
    }
}

impl Client {
    /// Signs in a staff member by password. With a second factor, a code is sent.
    ///
    /// # Errors
    /// [`Error::Problem`] with `invalid_credentials`, `account_inactive` or `rate_limited`.
    pub async fn sign_in(&self, email: &str, password: &SecretString) -> Result<SignInAnswer, Error> {
        self.sign("auth/signin", &json!({ "email": email, "password": password.expose_secret() })).await
    }

    /// Begins to sign in a customer: a code goes to their phone. The answer is the same for a phone that nobody has.
    ///
    /// # Errors
    /// [`Error::Problem`] with `validation_failed` or `rate_limited`.
    pub async fn sign_in_by_phone(&self, phone: &str) -> Result<SignInAnswer, Error> {
        self.sign("auth/signin", &json!({ "phone": phone })).await
    }

    /// Finishes a sign-in or a sign-up with the code that was sent.
    ///
    /// # Errors
    /// [`Error::Problem`] with `invalid_code`; [`Problem::tries_left`](crate::Problem::tries_left) says how often it can be
    /// tried again.
    pub async fn verify(&self, challenge_id: Uuid, code: &str) -> Result<SignInAnswer, Error> {
        self.sign("auth/verify", &json!({ "challenge_id": challenge_id, "code": code })).await
    }

    /// Ends this session. All clones of this client are signed out.
    ///
    /// # Errors
    /// [`Error::Problem`] when the session has ended already.
    pub async fn sign_out(&self) -> Result<(), Error> {
        self.send(Request::post("auth/signout")).await.map(drop)
    }

    /// Gives the password again: for five minutes this session may do what wants a fresh proof.
    ///
    /// # Errors
    /// [`Error::Problem`] with `invalid_credentials` or `rate_limited`.
    pub async fn reauthenticate(&self, password: &SecretString) -> Result<(), Error> {
        let body = json!({ "password": password.expose_secret() });
        self.send(Request::post("auth/reauthenticate").json(&body)).await.map(drop)
    }

    /// Asks as nobody, and becomes whoever signs in.
    pub(crate) async fn sign(&self, path: &str, body: &impl serde::Serialize) -> Result<SignInAnswer, Error> {
        let answer = self.as_caller(Caller::Nobody).send(Request::post(path).json(body)).await?;
        Ok(match answer.json()? {
            Body::SignedIn(body) => {
                let client = self.as_caller(Caller::Session(Session::begun(body.tokens)));
                SignInAnswer::SignedIn(Box::new(SignedIn { client, user: body.user }))
            }
            Body::CodeSent(body) => SignInAnswer::CodeSent(body.into()),
            Body::ApprovalRequired => SignInAnswer::ApprovalRequired,
        })
    }
}
