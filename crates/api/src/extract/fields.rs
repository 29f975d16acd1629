//! Fields out of a JSON object or a query, one by one, so that one answer names
//! every field that is wrong.

use auth::{Password, PasswordPolicy};
use domain::{
    ChallengeId, DisplayName, Email, Metadata, Phone, Role, StaffRole, TrunkNumber, UserId, ValueError,
    VerificationMethod,
};
use formats::json::{Inexact, Object};
use secrecy::SecretString;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem::{FieldError, Problem};

/// A value that a field can hold.
pub(crate) trait FieldValue: Sized {
    /// Reads the value; `None` is what stands for "no value", such as an empty name.
    fn read(value: Value) -> Result<Option<Self>, ValueError>;
}

/// An object whose fields are being taken out.
pub(crate) struct Fields {
    values: Map<String, Value>,
    asked: Vec<&'static str>,
    errors: Vec<FieldError>,
    /// Numbers that are not among the fields as they were sent, each on a line.
    inexact: String,
}

impl From<Object> for Fields {
    fn from(Object { members, inexact }: Object) -> Self {
        let mut fields = Self::new(members);
        for Inexact { pointer, literal, error } in inexact {
            fields.inexact.extend([&*pointer, " ", &literal, "\n"]);
            fields.errors.push(FieldError { pointer, ..FieldError::new("", error) });
        }
        fields
    }
}

impl Fields {
    pub(crate) fn new(values: Map<String, Value>) -> Self {
        Self { values, asked: Vec::new(), errors: Vec::new(), inexact: String::new() }
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

    /// A field that must be there. `None` when it is not, or is wrong: [`Fields::finish`] says so.
    pub(crate) fn required<T: FieldValue>(&mut self, name: &'static str) -> Option<T> {
        let value = self.optional(name)?;
        if value.is_none() {
            self.refuse(name, ValueError::new("required", "is required"));
        }
        value
    }

    /// A field that may be missing, `null` or empty. The outer `None` is for a wrong one.
    pub(crate) fn optional<T: FieldValue>(&mut self, name: &'static str) -> Option<Option<T>> {
        self.optional_with(name, T::read)
    }

    /// The same, read by a function.
    pub(crate) fn optional_with<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Result<Option<T>, ValueError>,
    ) -> Option<Option<T>> {
        self.asked.push(name);
        match self.values.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => match without_nul(value).and_then(read) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.refuse(name, error);
                    None
                }
            },
        }
    }

    /// A field of a merge patch that can't be emptied. `None` when it is not there, or is wrong.
    pub(crate) fn change<T: FieldValue>(&mut self, name: &'static str) -> Option<T> {
        self.change_with(name, T::read)
    }

    /// The same, read by a function.
    pub(crate) fn change_with<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Result<Option<T>, ValueError>,
    ) -> Option<T> {
        let is_there = self.values.contains_key(name);
        let value = self.optional_with(name, read)?;
        if is_there && value.is_none() {
            self.refuse(name, ValueError::new("required", "can't be emptied"));
        }
        value
    }

    /// A field of a merge patch that `null` or an empty text empties.
    pub(crate) fn clearable<T: FieldValue>(&mut self, name: &'static str) -> Option<Option<T>> {
        let is_there = self.values.contains_key(name);
        self.optional(name).filter(|_| is_there)
    }

    /// A list. The outer `None` is for one with a wrong member, each of which is noted.
    pub(crate) fn list<T: FieldValue>(&mut self, name: &'static str) -> Option<Option<Vec<T>>> {
        let array = |value| match value {
            Value::Array(items) => Ok(Some(items)),
            _ => Err(ValueError::new("wrong_type", "must be an array")),
        };
        let Some(items) = self.optional_with(name, array)? else { return Some(None) };
        let count = items.len();
        let mut values = Vec::with_capacity(count);
        for (index, item) in items.into_iter().enumerate() {
            let missing = || ValueError::new("required", "must not be empty");
            match without_nul(item).and_then(T::read).and_then(|value| value.ok_or_else(missing)) {
                Ok(value) => values.push(value),
                Err(error) => self.errors.push(FieldError::member(name, index, error)),
            }
        }
        let is_whole = values.len() == count;
        is_whole.then_some(Some(values))
    }

    /// A list that must be there, and may be empty.
    pub(crate) fn required_list<T: FieldValue>(&mut self, name: &'static str) -> Option<Vec<T>> {
        let values = self.list(name)?;
        if values.is_none() {
            self.refuse(name, ValueError::new("required", "is required"));
        }
        values
    }

    /// A password that is to be set, held against the policy.
    pub(crate) fn new_password(
        &mut self,
        name: &'static str,
        policy: PasswordPolicy,
        email: Option<&Email>,
    ) -> Option<Password> {
        let password: Password = self.required(name)?;
        self.checked(name, policy, email, password)
    }

    /// The same, where nobody has to set one.
    pub(crate) fn optional_new_password(
        &mut self,
        name: &'static str,
        policy: PasswordPolicy,
        email: Option<&Email>,
    ) -> Option<Option<Password>> {
        match self.optional(name)? {
            Some(password) => self.checked(name, policy, email, password).map(Some),
            None => Some(None),
        }
    }

    fn checked(
        &mut self,
        name: &'static str,
        policy: PasswordPolicy,
        email: Option<&Email>,
        password: Password,
    ) -> Option<Password> {
        match policy.check(&password, email) {
            Ok(()) => Some(password),
            Err(error) => {
                self.refuse(name, error);
                None
            }
        }
    }

    /// Codes to a phone need one. `phone` is `None` when it was refused already.
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

    /// Drops the fields nobody asked for, where it cannot be told which belong.
    pub(crate) fn discard(&mut self) {
        self.values.clear();
    }

    /// Notes that a field is wrong.
    pub(crate) fn refuse(&mut self, name: &str, error: ValueError) {
        self.errors.push(FieldError::new(name, error));
    }

    /// Refuses what nobody asked for, and answers either every error or the request.
    pub(crate) fn finish<T>(mut self, request: Option<T>) -> Result<T, Problem> {
        for name in std::mem::take(&mut self.values).keys() {
            self.refuse(name, ValueError::new("unknown_field", "there is no such field here"));
        }
        match request {
            Some(request) if self.errors.is_empty() => Ok(request),
            _ => Err(Problem::invalid(self.errors)),
        }
    }

    /// The names asked for so far, which the OpenAPI schema must have too.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> &[&'static str] {
        &self.asked
    }
}

/// PostgreSQL cannot store U+0000 in text, and nobody means it.
fn without_nul(value: Value) -> Result<Value, ValueError> {
    match &value {
        Value::String(text) if text.contains('\0') => {
            Err(ValueError::new("invalid_character", "must not hold the character U+0000"))
        }
        _ => Ok(value),
    }
}

pub(crate) fn text(value: Value) -> Result<String, ValueError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ValueError::new("wrong_type", "must be a string")),
    }
}

impl FieldValue for String {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        text(value).map(Some)
    }
}

impl FieldValue for SecretString {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        text(value).map(|text| Some(text.into()))
    }
}

impl FieldValue for bool {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        value.as_bool().map(Some).ok_or_else(|| ValueError::new("wrong_type", "must be true or false"))
    }
}

impl FieldValue for Email {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        Email::parse(&text(value)?).map(Some)
    }
}

impl FieldValue for Phone {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        Phone::parse(&text(value)?).map(Some)
    }
}

impl FieldValue for DisplayName {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        DisplayName::parse_optional(&text(value)?)
    }
}

impl FieldValue for TrunkNumber {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        TrunkNumber::parse_optional(&text(value)?)
    }
}

impl FieldValue for Role {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        text(value)?.parse().map(Some)
    }
}

impl FieldValue for StaffRole {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        text(value)?.parse().map(Some)
    }
}

impl FieldValue for Password {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        Password::parse(&text(value)?).map(Some)
    }
}

impl FieldValue for VerificationMethod {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        text(value)?.parse().map(Some)
    }
}

impl FieldValue for UserId {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        text(value)?.parse().map(Some).map_err(|_| not_a_uuid())
    }
}

impl FieldValue for ChallengeId {
    /// A text that is no UUID is an id that nobody has: whatever is wrong with a code, the answer is one.
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        Ok(Some(text(value)?.parse().unwrap_or_else(|_| Uuid::nil().into())))
    }
}

pub(crate) fn not_a_uuid() -> ValueError {
    ValueError::new("invalid_id", "must be a UUID")
}

impl FieldValue for Metadata {
    fn read(value: Value) -> Result<Option<Self>, ValueError> {
        match value {
            Value::Object(object) => Metadata::parse(object).map(Some),
            _ => Err(ValueError::new("wrong_type", "must be an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: &Value) -> Fields {
        Fields::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut fields = fields(&json!({ "email": "nobody", "phone": 7, "wings": 2, "a/b": null }));
        let email = fields.required::<Email>("email");
        let phone = fields.optional::<Phone>("phone");
        let role = fields.required::<Role>("role");
        assert!(email.is_none() && phone.is_none() && role.is_none());
        let problem = fields.finish::<()>(None).unwrap_err();
        let body = actix_web::ResponseError::error_response(&problem);
        assert_eq!(body.status(), 422);
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
        let mut fields = fields(&json!({ "display_name": " ", "phone": null }));
        assert_eq!(fields.optional::<DisplayName>("display_name"), Some(None));
        assert_eq!(fields.optional::<Phone>("phone"), Some(None));
        assert_eq!(fields.optional::<Phone>("other"), Some(None));
        assert!(fields.finish(Some(())).is_ok());
    }

    #[test]
    fn nul_is_refused_in_any_text() {
        let mut fields = fields(&json!({ "password": "a\0b" }));
        assert!(fields.required::<SecretString>("password").is_none());
        assert!(fields.finish::<()>(None).is_err());
    }
}
