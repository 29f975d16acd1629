//! Query strings, as strict as bodies: unknown and repeated parameters are refused.

use std::str::FromStr;

use domain::{PageSize, Timestamp, UserId, ValueError};
use serde_json::{Map, Value, json};

use crate::extract::fields::{Fields, not_a_uuid, timestamp};
use crate::extract::page;
use crate::problem::Result;

/// Query parameters, described by the function that reads them.
macro_rules! query_params {
    ($name:ident = $read:expr) => {
        pub(crate) struct $name;

        impl ::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<::utoipa::openapi::path::Parameter> {
                $crate::schema::parameters($crate::extract::fields::Fields::asked_by($read))
            }
        }
    };
}
pub(crate) use query_params;

/// Reads a query with a reader of its parameters.
pub(crate) fn read<T>(query: &str, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T> {
    fields(query).read(read)
}

/// Refuses every parameter, for routes that have none.
pub(crate) fn no_query(query: &str) -> Result<()> {
    fields(query).read(|_| Some(()))
}

fn fields(query: &str) -> Fields {
    let mut values = Map::new();
    let mut repeated = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if values.insert(name.to_string(), Value::String(value.into_owned())).is_some() {
            repeated.push(name.into_owned());
        }
    }
    let mut fields = Fields::new(values);
    for name in repeated {
        fields.refuse(&name, ValueError::new("repeated", "must be given only once"));
    }
    fields
}

/// The requested page of a list.
pub(crate) struct PageParams<C> {
    pub(crate) size: PageSize,
    pub(crate) after: Option<C>,
    pub(crate) include_total: bool,
}

impl<C: PartialOrd> PageParams<C> {
    /// The page out of all items, the newest of which comes first, and the place of its last item when others follow.
    /// For lists that are short enough to be read as one.
    pub(crate) fn page_of<T>(&self, mut all: Vec<T>, place: impl Fn(&T) -> C) -> (Vec<T>, Option<C>) {
        if let Some(after) = &self.after {
            all.retain(|item| place(item) < *after);
        }
        let has_more = all.len() > self.size.get();
        all.truncate(self.size.get());
        let next = all.last().filter(|_| has_more).map(place);
        (all, next)
    }
}

impl Fields {
    /// The requested page of a list. `read_cursor` reads the place where it begins.
    pub(crate) fn page<C>(&mut self, read_cursor: impl FnOnce(&str) -> Result<C, ValueError>) -> Option<PageParams<C>> {
        let size = self.parameter("limit", "How many items a page holds.", size_schema, size);
        let about = "Where the page begins: the `next_cursor` of the page before, which had the same `sort`.";
        let after = self.parameter("cursor", about, page::cursor_schema, read_cursor);
        let include_total = self.flag("include_total", "Whether to count the items of all pages.");
        Some(PageParams { size: size?.unwrap_or_default(), after: after?, include_total: include_total? })
    }

    /// `true` or `false`; `false` by default.
    pub(crate) fn flag(&mut self, name: &'static str, about: &'static str) -> Option<bool> {
        let schema = || json!({ "type": "boolean", "default": false });
        Some(self.parameter(name, about, schema, boolean)?.unwrap_or_default())
    }

    /// The id of a person.
    pub(crate) fn user_id(&mut self, name: &'static str, about: &'static str) -> Option<Option<UserId>> {
        let schema = || json!({ "type": "string", "format": "uuid" });
        self.parameter(name, about, schema, |text| text.parse().map_err(|_| not_a_uuid()))
    }

    /// A point in time.
    pub(crate) fn timestamp(&mut self, name: &'static str, about: &'static str) -> Option<Option<Timestamp>> {
        self.parameter(name, about, || json!({ "type": "string", "format": "date-time" }), timestamp)
    }

    /// One of the names that the domain knows.
    pub(crate) fn choice<T: FromStr<Err = ValueError>>(
        &mut self,
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
    ) -> Option<Option<T>> {
        self.parameter(name, about, schema, str::parse)
    }
}

pub(crate) fn boolean(text: &str) -> Result<bool, ValueError> {
    text.parse().map_err(|_| ValueError::new("wrong_type", "must be true or false"))
}

fn size(text: &str) -> Result<PageSize, ValueError> {
    PageSize::new(text.parse().map_err(|_| ValueError::new("out_of_range", "must be from 1 to 200"))?)
}

fn size_schema() -> Value {
    json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": PageSize::MAX, "default": 50 })
}
