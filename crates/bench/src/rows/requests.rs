//! The requests that rows ask, made beforehand.

use std::fmt::Display;

use serde_json::Value;

use crate::http::{SIGN_IN, ask, bytes_of_get, bytes_of_json};
use crate::outcome::Outcome;
use crate::people::{MANAGERS, PASSWORD, manager_email};
use crate::service::Service;

/// Callers of the rows whose callers were seen a moment ago.
pub(super) const FEW: usize = 8;

pub(super) const ME: &str = "/users/me";
pub(super) const LIST: &str = "/users/?limit=50";
pub(super) const MANAGED: &str = "/users/managed-customers/?limit=50";

/// The same of each of these.
pub(super) fn get_as<'a>(path: &str, tokens: impl IntoIterator<Item = &'a String>) -> Vec<Vec<u8>> {
    tokens.into_iter().map(|token| bytes_of_get(path, Some(token))).collect()
}

/// A path below which each of these is.
pub(super) fn get_each<T: Display>(path: &str, names: impl IntoIterator<Item = T>) -> Vec<Vec<u8>> {
    names.into_iter().map(|name| bytes_of_get(&format!("{path}/{name}"), None)).collect()
}

/// The sign-ins of all managers.
pub(super) fn sign_ins() -> Vec<Vec<u8>> {
    (0..MANAGERS).map(sign_in).collect()
}

pub(super) fn sign_in(manager: usize) -> Vec<u8> {
    sign_in_as(&manager_email(manager))
}

pub(super) fn sign_in_as(email: &str) -> Vec<u8> {
    bytes_of_json(SIGN_IN, &format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#))
}

/// Makes sure that the first request of both sides is answered with the same people in the same order.
pub(super) fn check_same(services: [&Service; 2], requests: [&[Vec<u8>]; 2]) -> Outcome<()> {
    let [ours, limit] = [0, 1].map(|side| {
        let request = requests[side].first().ok_or("nothing is asked")?;
        ids(&ask(services[side].address, request)?)
    });
    if ours? == limit? { Ok(()) } else { Err("the two sides do not show the same people".into()) }
}

/// The ids in a person or a list of people.
fn ids(body: &[u8]) -> Outcome<Vec<String>> {
    let answer: Value = serde_json::from_slice(body)?;
    let people = answer["items"].as_array().map_or_else(|| vec![&answer], |items| items.iter().collect());
    let ids = people.into_iter().map(|person| person["id"].as_str().map(str::to_owned));
    ids.collect::<Option<_>>().ok_or_else(|| "an answer without people".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_in_a_list_and_alone() {
        assert_eq!(ids(br#"{"items":[{"id":"a"},{"id":"b"}]}"#).unwrap(), ["a", "b"]);
        assert_eq!(ids(br#"{"id":"a"}"#).unwrap(), ["a"]);
        assert!(ids(b"{}").is_err());
        assert!(ids(br#"{"items":[{"name":"a"}]}"#).is_err());
    }
}
