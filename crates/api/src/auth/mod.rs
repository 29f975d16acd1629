//! Signing up, signing in, and proving a contact by a code.

mod response;
pub(crate) mod signin;
pub(crate) mod signup;
pub(crate) mod verify;

pub(crate) use response::{ApprovalRequiredResponse, CodeSentResponse, SignedInResponse, answer, code_sent};
