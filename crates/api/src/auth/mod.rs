//! Signing up, in and out, proving a contact by a code, and passwords.

pub(crate) mod change_password;
pub(crate) mod forgot_password;
pub(crate) mod reauthenticate;
pub(crate) mod refresh;
pub(crate) mod reset_password;
mod response;
pub(crate) mod sessions;
pub(crate) mod signin;
pub(crate) mod signout;
pub(crate) mod signup;
pub(crate) mod verify;

pub(crate) use response::{ApprovalRequiredResponse, CodeSentResponse, SignedInResponse, answer, code_sent, signed_in};
