//! `clientele keys`: the keys that sign access tokens, listed and rotated; API keys, listed and revoked.

use std::iter;
use std::sync::Arc;

use auth::{KeyRing, KeyStatus, signing_keys};
use chrono::{SecondsFormat, TimeDelta};
use domain::key::TokenAlgorithm;
use domain::{Actor, ApiKey, ApiKeyId, Clock, Error, SystemClock, Timestamp};

use super::arguments::{ApiKeys, Keys};
use super::error::CommandError;
use super::output;
use crate::settings::Settings;
use crate::startup::application::{close, open_migrated};

/// Lists the keys, or makes a new one.
pub(super) async fn run(act: &Keys, settings: &Settings) -> Result<(), CommandError> {
    output::print(&match act {
        Keys::List => list(settings).await?,
        Keys::Rotate => rotate(settings).await?,
        Keys::Api { act: ApiKeys::List } => list_api_keys(settings).await?,
        Keys::Api { act: ApiKeys::Revoke { id } } => revoke_api_key(settings, *id).await?,
    })
}

/// The keys that are accepted, one on each line.
async fn list(settings: &Settings) -> Result<String, CommandError> {
    let database = open_migrated(settings).await?;
    let keys = signing_keys(&database.store(), SystemClock.now()).await;
    close(database).await;
    Ok(text(&keys.map_err(auth::KeyError::from)?))
}

/// Makes a new signing key, and shows until when the old one is accepted.
async fn rotate(settings: &Settings) -> Result<String, CommandError> {
    let database = open_migrated(settings).await?;
    let store = Arc::new(database.store());
    let ring = KeyRing::open(
        store.clone(),
        Arc::new(SystemClock),
        settings.auth.master_key.clone(),
        settings.auth.token_algorithm,
    )
    .await?;
    let ttl = TimeDelta::seconds(settings.auth.access_token_ttl.into());
    let new = ring.rotate(&Actor::system("keys"), ttl).await?;
    let keys = signing_keys(&*store, SystemClock.now()).await.map_err(auth::KeyError::from)?;
    drop((ring, store));
    close(database).await;
    Ok(format!("The new key is published and will sign from {} on.\n\n{}", time(new.active_from), text(&keys)))
}

/// Everybody's API keys, one on each line.
async fn list_api_keys(settings: &Settings) -> Result<String, CommandError> {
    let database = open_migrated(settings).await?;
    let keys = domain::ApiKeys::new(Arc::new(database.store()), Arc::new(SystemClock));
    let found = keys.list_all(&Actor::system("command line")).await;
    drop(keys);
    close(database).await;
    found.map(|keys| api_keys_text(&keys)).map_err(CommandError::of_use_case)
}

/// Revokes an API key, whoever owns it.
async fn revoke_api_key(settings: &Settings, id: ApiKeyId) -> Result<String, CommandError> {
    let database = open_migrated(settings).await?;
    let keys = domain::ApiKeys::new(Arc::new(database.store()), Arc::new(SystemClock));
    let revoked = keys.revoke(&Actor::system("command line"), || Ok::<_, Error>(id)).await;
    drop(keys);
    close(database).await;
    match revoked {
        Ok(()) => Ok(format!("{id} is revoked")),
        Err(Error::NotFound) => Err(CommandError::Refused(format!("there is no API key {id}"))),
        Err(error) => Err(CommandError::of_use_case(error)),
    }
}

fn api_keys_text(keys: &[ApiKey]) -> String {
    let row = |key: &ApiKey| {
        let used = key.last_used_at.map_or_else(|| "-".to_owned(), time);
        let (id, owner, expires) = (key.id.to_string(), key.owner_id.to_string(), time(key.expires_at));
        format!("{id:36} {owner:36} {expires:20} {used:20} {} ({})", key.name, key.scopes)
    };
    let head = format!("{:36} {:36} {:20} {:20} NAME (SCOPES)", "ID", "OWNER", "EXPIRES", "LAST USED");
    let lines: Vec<String> = iter::once(head).chain(keys.iter().map(row)).collect();
    lines.join("\n")
}

fn text(keys: &[KeyStatus]) -> String {
    let mut text = line("STATE", "SIGNS FROM", "ACCEPTED UNTIL", "SEALED", "SIGNS", "KEY");
    for key in keys {
        let until = key.retired_at.map_or_else(|| "-".to_owned(), time);
        let sealed = if key.is_sealed { "yes" } else { "no" };
        text.push('\n');
        let algorithm = key.algorithm.map_or("", TokenAlgorithm::as_str);
        text += &line(key.state.as_str(), &time(key.active_from), &until, sealed, algorithm, &key.id);
    }
    text
}

fn line(state: &str, from: &str, until: &str, sealed: &str, algorithm: &str, key: &str) -> String {
    format!("{state:8} {from:20} {until:20} {sealed:6} {algorithm:5} {key}")
}

fn time(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
