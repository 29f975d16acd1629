//! The requests that rows ask, made beforehand.

use std::fmt::Display;

use crate::http::{SIGN_IN, bytes_of_get, bytes_of_post};
use crate::people::{MANAGERS, PASSWORD, manager_email};

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
    let email = manager_email(manager);
    bytes_of_post(SIGN_IN, &format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#))
}
