//! Signing up, in and out, proving a contact by a code, and passwords.

pub(crate) mod change_password;
mod credentials;
pub(crate) mod forgot_password;
mod key_page;
pub(crate) mod keys;
mod new_account;
pub(crate) mod reauthenticate;
pub(crate) mod refresh;
pub(crate) mod reset_password;
mod response;
mod session_page;
pub(crate) mod sessions;
pub(crate) mod signin;
pub(crate) mod signup;
pub(crate) mod verify;

pub(crate) use key_page::ApiKeyResponse;
use response::{
    ApprovalRequiredResponse, CodeSentResponse, SignedInResponse, SignupAccepted, answer, code_sent, signed_in,
};
