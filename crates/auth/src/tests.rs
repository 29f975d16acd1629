mod codes;
mod first_admin;
mod limits;
mod passwords;
mod renewal;
mod sessions;
mod sign_in;
mod sign_up;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::{Actor, Clock as _, Origin, User, VerificationMethod};
use secrecy::SecretString;

use crate::test_world::*;
use crate::*;

fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

/// A changed password, as a handler reads it.
fn change(current: &str, new: &str) -> impl AsyncFnOnce() -> Result<PasswordChange, AuthError> {
    let change = PasswordChange { current: password(current), new: password(new) };
    async || Ok(change)
}
