//! Reads the fields of a JSON object or a query one by one, so that one answer names every wrong field.

mod value;

use auth::{Password, PasswordPolicy};
use domain::{Email, Phone, UserId, ValueError, VerificationMethod};
use formats::json::{Inexact, Object};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use value::text;
pub(crate) use value::{FieldValue, is_storable, not_a_uuid, timestamp};

use crate::problem::{FieldError, Problem, Result};
use crate::schema::{self, Asked};

/// An object whose fields are being taken out.
pub(crate) struct Fields {
    values: Map<String, Value>,
    passwords: PasswordPolicy,
    asked: Vec<Asked>,
    errors: Vec<FieldError>,
    /// The refused numbers as they were sent, one on each line.
    inexact: String,
}

impl Fields {
    pub(crate) fn new(values: Map<String, Value>) -> Self {
        let passwords = PasswordPolicy::default();
        Self { values, passwords, asked: Vec::new(), errors: Vec::new(), inexact: String::new() }
    }

    /// The fields of a body, in which a new password must follow this policy.
    pub(crate) fn of_body(Object { members, inexact }: Object, passwords: PasswordPolicy) -> Self {
        let mut fields = Self { passwords, ..Self::new(members) };
        for Inexact { pointer, literal, error } in inexact {
            fields.inexact.extend([&*pointer, " ", &literal, "\n"]);
            fields.errors.push(FieldError { pointer, ..FieldError::new("", error) });
        }
        fields
    }

    /// The fields as text that is the same for equal objects.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(&self.values).unwrap_or_default();
        text.extend_from_slice(self.inexact.as_bytes());
        text
    }

    /// Whether the field is there with a value other than `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// The fields that `read` asks for. It reads a request that has none.
    pub(crate) fn asked_by<T>(read: impl FnOnce(&mut Self) -> T) -> Vec<Asked> {
        let mut fields = Self::new(Map::new());
        read(&mut fields);
        fields.asked
    }

    /// A field that must be there. `None` when it is not, or is wrong: [`Fields::read`] says so.
    pub(crate) fn required<T: FieldValue>(&mut self, name: &'static str, about: &'static str) -> Option<T> {
        self.required_as(name, about, T::schema)
    }

    /// Like [`Self::required`], with a schema that is more exact than that of the type.
    pub(crate) fn required_as<T: FieldValue>(
        &mut self,
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
    ) -> Option<T> {
        let value = self.take(Asked { name, about, schema, is_required: true, may_be_null: false }, T::read)?;
        self.present(name, value)
    }

    /// A field that may be missing, `null` or empty. The outer `None` is for a wrong one.
    pub(crate) fn optional<T: FieldValue>(&mut self, name: &'static str, about: &'static str) -> Option<Option<T>> {
        let asked = Asked { name, about, schema: T::schema, is_required: false, may_be_null: true };
        self.take(asked, T::read)
    }

    /// A field of a merge patch that must not be empty. `None` when it is not there, or is wrong.
    pub(crate) fn change<T: FieldValue>(&mut self, name: &'static str, about: &'static str) -> Option<T> {
        self.change_as(name, about, T::schema)
    }

    /// Like [`Self::change`], with a schema that is more exact than that of the type.
    pub(crate) fn change_as<T: FieldValue>(
        &mut self,
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
    ) -> Option<T> {
        let is_there = self.values.contains_key(name);
        let value = self.take(Asked { name, about, schema, is_required: false, may_be_null: false }, T::read)?;
        if is_there && value.is_none() {
            self.refuse(name, ValueError::new("required", "must not be empty"));
        }
        value
    }

    /// A field of a merge patch that `null` or an empty text empties.
    pub(crate) fn clearable<T: FieldValue>(&mut self, name: &'static str, about: &'static str) -> Option<Option<T>> {
        let is_there = self.values.contains_key(name);
        self.optional(name, about).filter(|_| is_there)
    }

    /// A query parameter. The outer `None` is for a wrong one.
    pub(crate) fn parameter<T>(
        &mut self,
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
        parse: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<Option<T>> {
        let asked = Asked { name, about, schema, is_required: false, may_be_null: false };
        self.take(asked, |value| parse(value.as_str().unwrap_or_default()).map(Some))
    }

    /// A list of ids. The outer `None` is for one with a wrong member, each of which is noted.
    pub(crate) fn ids(&mut self, name: &'static str, about: &'static str) -> Option<Option<Vec<UserId>>> {
        self.ids_as(Asked { name, about, schema: ids_schema, is_required: false, may_be_null: true })
    }

    /// A list of ids that must be there, and may be empty.
    pub(crate) fn required_ids(&mut self, name: &'static str, about: &'static str) -> Option<Vec<UserId>> {
        let asked = Asked { name, about, schema: ids_schema, is_required: true, may_be_null: false };
        let ids = self.ids_as(asked)?;
        self.present(name, ids)
    }

    fn ids_as(&mut self, asked: Asked) -> Option<Option<Vec<UserId>>> {
        let missing = || ValueError::new("required", "must not be empty");
        self.members(asked, |item| UserId::read(item).and_then(|id| id.ok_or_else(missing)))
    }

    /// A list of texts. The outer `None` is for one with a wrong member, each of which is noted.
    pub(crate) fn texts<T>(
        &mut self,
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<Option<Vec<T>>> {
        let asked = Asked { name, about, schema, is_required: false, may_be_null: true };
        self.members(asked, |item| parse(&text(item)?))
    }

    /// A list of texts that must be there, and may be empty.
    pub(crate) fn required_texts<T>(
        &mut self,
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<Vec<T>> {
        let asked = Asked { name, about, schema, is_required: true, may_be_null: false };
        let texts = self.members(asked, |item| parse(&text(item)?))?;
        self.present(name, texts)
    }

    fn members<T>(&mut self, asked: Asked, read: impl Fn(Value) -> Result<T, ValueError>) -> Option<Option<Vec<T>>> {
        let name = asked.name;
        let array = |value| match value {
            Value::Array(items) => Ok(Some(items)),
            _ => Err(ValueError::new("wrong_type", "must be an array")),
        };
        let Some(items) = self.take(asked, array)? else { return Some(None) };
        let count = items.len();
        let mut members = Vec::with_capacity(count);
        for (index, item) in items.into_iter().enumerate() {
            match without_nul(item).and_then(&read) {
                Ok(member) => members.push(member),
                Err(error) => self.refuse_member(name, index, error),
            }
        }
        (members.len() == count).then_some(Some(members))
    }

    /// Notes that a member of a list is wrong.
    pub(crate) fn refuse_member(&mut self, name: &'static str, index: usize, error: ValueError) {
        self.errors.push(FieldError::member(name, index, error));
    }

    /// A password that is given to be checked.
    pub(crate) fn given_password(&mut self, name: &'static str) -> Option<Password> {
        let password: SecretString = self.required_as(name, "", schema::password)?;
        Some(Password::attempt(password.expose_secret()))
    }

    /// A new password that follows the policy and is not made of the account's e-mail.
    pub(crate) fn new_password(&mut self, name: &'static str, email: Option<&Email>) -> Option<Password> {
        let password = self.required(name, "")?;
        self.checked(name, email, password)
    }

    /// Like [`Self::new_password`], but it may be missing.
    pub(crate) fn optional_new_password(
        &mut self,
        name: &'static str,
        about: &'static str,
        email: Option<&Email>,
    ) -> Option<Option<Password>> {
        match self.optional(name, about)? {
            Some(password) => self.checked(name, email, password).map(Some),
            None => Some(None),
        }
    }

    fn checked(&mut self, name: &str, email: Option<&Email>, password: Password) -> Option<Password> {
        self.passwords.check(&password, email).map_err(|error| self.refuse(name, error)).ok().map(|()| password)
    }

    fn present<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.refuse(name, ValueError::new("required", "is required"));
        }
        value
    }

    fn take<T>(
        &mut self,
        asked: Asked,
        read: impl FnOnce(Value) -> Result<Option<T>, ValueError>,
    ) -> Option<Option<T>> {
        let name = asked.name;
        self.asked.push(asked);
        match self.values.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => without_nul(value).and_then(read).map_err(|error| self.refuse(name, error)).ok(),
        }
    }

    /// Refuses a verification method that needs a phone when there is none. `phone` is `None` when it was refused
    /// already.
    pub(crate) fn check_contact(&mut self, method: Option<VerificationMethod>, phone: Option<&Option<Phone>>) {
        let needs_phone = method.is_some_and(VerificationMethod::needs_phone);
        if needs_phone && phone.is_some_and(Option::is_none) {
            self.refuse("phone", ValueError::new("required", "this verification method needs a phone"));
        }
    }

    /// The names of the fields that are still there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text of a field that is still there.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// Drops the remaining fields, so that [`Self::read`] does not refuse them.
    pub(crate) fn discard(&mut self) {
        self.values.clear();
    }

    /// Notes that a field is wrong.
    pub(crate) fn refuse(&mut self, name: &str, error: ValueError) {
        self.errors.push(FieldError::new(name, error));
    }

    /// Reads a request with a reader of its fields. Refuses unknown fields. An error names every field that is wrong.
    pub(crate) fn read<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T> {
        let request = read(&mut self);
        for name in std::mem::take(&mut self.values).keys() {
            self.refuse(name, ValueError::new("unknown_field", "there is no such field here"));
        }
        match request {
            Some(request) if self.errors.is_empty() => Ok(request),
            _ => Err(Problem::invalid(self.errors)),
        }
    }
}

/// Refuses U+0000, which PostgreSQL cannot store in text.
fn without_nul(value: Value) -> Result<Value, ValueError> {
    match &value {
        Value::String(text) if text.contains('\0') => {
            Err(ValueError::new("invalid_character", "must not hold the character U+0000"))
        }
        _ => Ok(value),
    }
}

fn ids_schema() -> Value {
    json!({ "type": "array", "items": UserId::schema() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{DisplayName, Role};

    fn read<T>(body: &Value, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T> {
        Fields::new(body.as_object().unwrap().clone()).read(read)
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let body = json!({ "email": "nobody", "phone": 7, "wings": 2, "a/b": null });
        let problem = read::<()>(&body, |fields| {
            let email = fields.required::<Email>("email", "");
            let phone = fields.optional::<Phone>("phone", "");
            let role = fields.required::<Role>("role", "");
            assert!(email.is_none() && phone.is_none() && role.is_none());
            None
        })
        .unwrap_err();
        let answer = actix_web::ResponseError::error_response(&problem);
        assert_eq!(answer.status(), 422);
        let text = format!("{problem:?}");
        for (pointer, code) in [
            ("/email", "invalid_email"),
            ("/phone", "wrong_type"),
            ("/role", "required"),
            ("/wings", "unknown_field"),
            ("/a~1b", "unknown_field"),
        ] {
            assert!(text.contains(&format!("pointer: {pointer:?}, code: {code:?}")), "{pointer} in {text}");
        }
    }

    #[test]
    fn null_and_empty_stand_for_no_value() {
        let read = read(&json!({ "display_name": " ", "phone": null }), |fields| {
            assert_eq!(fields.optional::<DisplayName>("display_name", ""), Some(None));
            assert_eq!(fields.optional::<Phone>("phone", ""), Some(None));
            assert_eq!(fields.optional::<Phone>("other", ""), Some(None));
            Some(())
        });
        assert!(read.is_ok());
    }

    #[test]
    fn nul_is_refused_in_any_text() {
        let read = read(&json!({ "password": "a\0b" }), |fields| fields.required::<SecretString>("password", ""));
        assert!(read.is_err());
    }
}
