//! `clientele admin create`.

use std::io::{IsTerminal, stdin};
use std::sync::Arc;

use auth::{AdminMade, AuthError, Password};
use domain::{Actor, Email, SystemClock};
use secrecy::{ExposeSecret, SecretString};

use super::arguments::Admin;
use super::error::CommandError;
use super::output;
use crate::error::StartupError;
use crate::settings::{Settings, SettingsError};
use crate::startup::application::Application;

/// Makes an active admin of the person with this e-mail.
pub(super) async fn run(Admin::Create { email }: &Admin, settings: &Settings) -> Result<(), CommandError> {
    let email = Email::parse(email).map_err(SettingsError::invalid("--email"))?;
    let password = password(settings)?;
    let password = Password::parse(password.expose_secret()).map_err(SettingsError::invalid("password"))?;
    let Application { database, auth, .. } =
        Application::open(settings, Arc::new(SystemClock), settings.http.listen).await?;
    let made = auth.admins.make(&Actor::system("command line"), email.clone(), &password).await;
    let closed = database.close().await;
    let done = match made {
        Ok(AdminMade::Created) => format!("{email} is a new admin"),
        Ok(AdminMade::Recovered) => format!("{email} is an active admin with a new password; their sessions ended"),
        Err(AuthError::Invalid(refusals)) => return Err(StartupError::refused("password", refusals).into()),
        Err(AuthError::Domain(domain::Error::HasCustomers(count))) => {
            return Err(CommandError::Refused(format!(
                "{email} is a manager who looks after {count} customers; hand them over first, or name another e-mail"
            )));
        }
        Err(error) => return Err(StartupError::FirstAdmin(error).into()),
    };
    closed.map_err(persistence::DatabaseError::from)?;
    output::print(&done)
}

/// The password of the settings. Otherwise asks for it twice on a terminal, or reads the first line of standard input.
fn password(settings: &Settings) -> Result<SecretString, CommandError> {
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
    Err(CommandError::Refused("the two passwords differ".to_owned()))
}
