//! Reads the settings from all their sources.

use std::path::Path;

use figment::Figment;
use figment::providers::Serialized;

use super::sections::{LogFormat, Settings};
use super::{sources, warnings};
use crate::error::SettingsError;

/// The format of the log. The other settings may be wrong.
#[must_use]
pub fn log_format(file: Option<&Path>, environment: &[(String, String)], flags: &[(&str, String)]) -> LogFormat {
    let of_flags = flags.iter().filter(|(key, _)| *key == "log.format").map(|(_, value)| value.trim());
    let of_environment = environment.iter().filter(|(name, _)| name == "CLIENTELE_LOG__FORMAT");
    let of_environment = of_environment.map(|(_, value)| value.trim());
    let of_file = || {
        let (_, table) = sources::from_file(file).ok()?;
        Some(table.get("log")?.get("format")?.as_str()?.to_owned())
    };
    let given = of_environment.chain(of_flags).rfind(|value| !value.is_empty()).map(ToOwned::to_owned);
    match given.or_else(of_file).as_deref() {
        Some("json") => LogFormat::Json,
        _ => LogFormat::Pretty,
    }
}

impl Settings {
    /// Reads the settings: defaults, then the file, then the environment, then
    /// flags as dotted keys.
    pub fn load(
        file: Option<&Path>,
        environment: Vec<(String, String)>,
        flags: Vec<(&str, String)>,
    ) -> Result<Self, SettingsError> {
        let (path, table) = sources::from_file(file)?;
        let variables = sources::from_environment(environment)?;
        sources::check_keys(&path, &table, &variables)?;
        let secret_files = warnings::secret_files(&path, &table, &variables);
        let mut figment = Figment::from(Serialized::defaults(table));
        for variable in variables {
            figment = figment.merge(Serialized::default(&variable.key, variable.value));
        }
        for (key, value) in flags {
            figment = figment.merge(Serialized::default(key, sources::without_line_ends(&value)));
        }
        let mut settings: Self = figment.extract().map_err(|error| SettingsError::Key(sources::describe(&error)))?;
        settings.secret_files = secret_files;
        settings.check()?;
        Ok(settings)
    }
}
