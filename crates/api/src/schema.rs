//! Schemas of the API document, made from what the code reads and from the names that the domain knows.

use std::borrow::Cow;

use domain::Timestamp;
use formats::Rfc3339;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::{RefOr, Schema};

/// A field that the reading of a request asks for.
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) schema: fn() -> Value,
    pub(crate) is_required: bool,
    pub(crate) may_be_null: bool,
}

/// One of these names.
pub(crate) fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Value {
    json!({ "type": "string", "enum": all.iter().map(|value| name(*value)).collect::<Vec<_>>() })
}

pub(crate) fn reference(component: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{component}") })
}

/// The schema that the JSON says.
pub(crate) fn schema(json: Value) -> RefOr<Schema> {
    serde_json::from_value(json).unwrap_or_default()
}

/// The same with a description.
pub(crate) fn described(mut json: Value, about: &str) -> RefOr<Schema> {
    json["description"] = about.into();
    schema(json)
}

/// An object with the fields that its reading asks for, and no others.
pub(crate) fn object(about: &str, asked: &[Asked]) -> RefOr<Schema> {
    let properties: serde_json::Map<_, _> =
        asked.iter().map(|asked| (asked.name.to_owned(), property(asked))).collect();
    let required: Vec<_> = asked.iter().filter(|asked| asked.is_required).map(|asked| asked.name).collect();
    schema(json!({
        "type": "object",
        "description": about,
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    }))
}

fn property(asked: &Asked) -> Value {
    let mut property = (asked.schema)();
    if !asked.about.is_empty() {
        property["description"] = asked.about.into();
    }
    if !asked.may_be_null {
        return property;
    }
    match property["type"].take() {
        Value::Null => json!({ "oneOf": [property, { "type": "null" }] }),
        kind => {
            property["type"] = json!([kind, "null"]);
            property
        }
    }
}

/// The query parameters that their reading asks for.
pub(crate) fn parameters(asked: Vec<Asked>) -> Vec<Parameter> {
    let parameter = |asked: Asked| {
        let mut schema = (asked.schema)();
        let example = schema.as_object_mut().and_then(|schema| schema.remove("example"));
        let mut parameter = json!({ "name": asked.name, "in": "query", "required": false, "description": asked.about, "schema": schema });
        if let Some(example) = example {
            parameter["example"] = example;
        }
        serde_json::from_value(parameter).ok()
    };
    asked.into_iter().filter_map(parameter).collect()
}

/// These components, composed with `oneOf` or `anyOf`.
pub(crate) fn composed(keyword: &str, about: &str, components: &[Cow<'_, str>]) -> RefOr<Schema> {
    let components: Vec<_> = components.iter().map(|component| reference(component)).collect();
    schema(json!({ keyword: components, "description": about }))
}

/// A component whose schema is made here: its name, the components that it refers to, and the schema.
macro_rules! component {
    ($name:ident, [$($part:ty),*], $schema:expr) => {
        pub(crate) struct $name;

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                $schema
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(_schemas: &mut Vec<(String, ::utoipa::openapi::RefOr<::utoipa::openapi::Schema>)>) {
                $(
                    _schemas.push((<$part as ::utoipa::ToSchema>::name().into(), <$part as ::utoipa::PartialSchema>::schema()));
                    <$part as ::utoipa::ToSchema>::schemas(_schemas);
                )*
            }
        }
    };
}

/// A component that is one of others.
macro_rules! one_of {
    ($name:ident = [$($part:ty),+], $about:expr) => {
        $crate::schema::component!($name, [$($part),+], {
            $crate::schema::composed("oneOf", $about, &[$(<$part as ::utoipa::ToSchema>::name()),+])
        });
    };
}

/// A component that is at least one of others.
macro_rules! any_of {
    ($name:ident = [$($part:ty),+], $about:expr) => {
        $crate::schema::component!($name, [$($part),+], {
            $crate::schema::composed("anyOf", $about, &[$(<$part as ::utoipa::ToSchema>::name()),+])
        });
    };
}

pub(crate) use {any_of, component, one_of};

/// Names of the domain as components.
macro_rules! domain_names {
    ($($name:ident, $about:literal;)+) => {$(
        component!($name, [], described(names(domain::$name::ALL, domain::$name::as_str), $about));
    )+};
}

domain_names! {
    Role, "The roles.";
    StaffRole, "The roles of staff.";
    VerificationMethod, "The channels over which staff get codes.";
}

component!(CustomerRole, [], {
    schema(json!({ "type": "string", "enum": [domain::Role::Customer], "description": "The role of customers." }))
});

/// A time in an answer: RFC 3339, in UTC, with microseconds. utoipa documents a type of this name as `date-time`.
pub(crate) struct DateTime(Timestamp);

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Rfc3339(self.0).serialize(serializer)
    }
}

/// An object with any members.
pub(crate) fn any_object() -> Value {
    json!({ "type": "object", "additionalProperties": true, "propertyNames": { "type": "string" } })
}

/// Always this text.
pub(crate) fn only(text: &str) -> RefOr<Schema> {
    schema(json!({ "type": "string", "enum": [text] }))
}

/// A password that is given to be checked.
pub(crate) fn password() -> Value {
    json!({ "type": "string", "format": "password" })
}

/// A password that is to be set. The minimum is the default; the settings may name another.
pub(crate) fn new_password() -> Value {
    json!({ "type": "string", "format": "password", "minLength": 12, "maxLength": 128 })
}

/// A one-time code.
pub(crate) fn code() -> Value {
    json!({ "type": "string", "example": "123456" })
}
