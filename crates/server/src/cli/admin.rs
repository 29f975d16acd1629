//! `clientele admin create`.

use std::io::{IsTerminal, stdin};

use auth::{AdminMade, AuthError, Password};
use domain::{Actor, Email};
use secrecy::{ExposeSecret, SecretString};

use crate::settings::Settings;
use crate::startup::{self, StartupError};

/// Makes an active admin of whoever has this e-mail. Answers what was done.
///
/// # Errors
/// One line that says what is wrong with e-mail or password, or that the database is.
pub async fn create(email: &str, settings: &Settings) -> Result<String, StartupError> {
    let email = Email::parse(email).map_err(|error| StartupError::Setting { key: "--email", error })?;
    let password = Password::parse(password(settings)?.expose_secret())
        .map_err(|error| StartupError::Setting { key: "password", error })?;
    let (database, authentication) = startup::open_authentication(settings).await?;
    let made = authentication.make_admin(&Actor::system("command line"), email.clone(), &password).await;
    let closed = database.close().await;
    let done = match made {
        Ok(AdminMade::Created) => format!("{email} is a new admin"),
        Ok(AdminMade::Recovered) => format!("{email} is an active admin with a new password; their sessions ended"),
        Err(AuthError::Invalid(refusals)) => return Err(startup::refused("password", refusals)),
        Err(AuthError::Domain(domain::Error::HasCustomers(count))) => {
            return Err(StartupError::Refused(format!(
                "{email} is a manager who looks after {count} customers; hand them over first, or name another e-mail"
            )));
        }
        Err(error) => return Err(StartupError::FirstAdmin(error)),
    };
    closed.map_err(persistence::DatabaseError::from)?;
    Ok(done)
}

/// Asked for twice on a terminal; otherwise from the settings or the first line of standard input.
fn password(settings: &Settings) -> Result<SecretString, StartupError> {
    if let Some(password) = &settings.admin_password {
        return Ok(password.clone());
    }
    if !stdin().is_terminal() {
        let mut line = String::new();
        stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).into());
    }
    let password: SecretString = rpassword::prompt_password("Password: ")?.into();
    let again: SecretString = rpassword::prompt_password("Once more: ")?.into();
    if password.expose_secret() == again.expose_secret() {
        return Ok(password);
    }
    Err(StartupError::Refused("the two passwords are not the same".to_owned()))
}
