//! The first admin of a fresh installation.

use auth::{AuthError, Password};
use domain::Email;
use secrecy::ExposeSecret;

use crate::error::StartupError;
use crate::settings::{Settings, SettingsError};

/// Makes the admin that the settings name. Returns the setup token while there is no admin.
pub(super) async fn prepare(settings: &Settings, auth: &auth::Services) -> Result<Option<String>, StartupError> {
    if let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) {
        let email = Email::parse(email).map_err(SettingsError::invalid("admin_email"))?;
        let password = Password::parse(password.expose_secret()).map_err(SettingsError::invalid("admin_password"))?;
        match auth.admins.create_first_from_settings(email, &password).await {
            Ok(_) => {}
            Err(AuthError::Invalid(refusals)) => return Err(StartupError::refused("admin_password", refusals)),
            Err(error) => return Err(StartupError::FirstAdmin(error)),
        }
    }
    let token = auth.admins.make_setup_token().await.map_err(StartupError::FirstAdmin)?;
    Ok(token.map(|token| token.expose_secret().to_owned()))
}
