//! Query strings, as strict as bodies: unknown and repeated parameters are refused.

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike};
use domain::page::{Assignment, Search};
use domain::{Cursor, Filter, PageSize, Sort, Timestamp, UserId, UserQuery, ValueError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::extract::fields::{Fields, text};
use crate::problem::Problem;

/// Which people, in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the documentation; `user_query` reads the values")]
pub(crate) struct UserFilterParams {
    /// Only this role.
    #[param(inline)]
    role: Option<crate::users::RoleName>,
    /// Only active, or only inactive.
    is_active: Option<bool>,
    /// Only customers of this manager; `none` for those of nobody.
    #[param(example = "none")]
    assigned_manager_id: Option<String>,
    /// Only customers entered by this person.
    #[param(value_type = Option<uuid::Uuid>)]
    created_by: Option<String>,
    /// Only those entered at this time or later (RFC 3339).
    #[param(value_type = Option<DateTime<Utc>>)]
    created_from: Option<String>,
    /// Only those entered before this time (RFC 3339).
    #[param(value_type = Option<DateTime<Utc>>)]
    created_to: Option<String>,
    /// Only those whose display name, e-mail or phone starts so, in any case.
    #[param(max_length = 254)]
    q: Option<String>,
    /// The order; `-created_at` unless said otherwise.
    #[param(inline)]
    sort: Option<SortName>,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the documentation; `user_query` reads the values")]
pub(crate) struct PageParams {
    /// How many items a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Where to go on: the `next_cursor` of the page before, with the same `sort`.
    cursor: Option<String>,
    /// Whether to count the items of all pages.
    #[param(default = false)]
    include_total: Option<bool>,
}

/// How an export is written.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the documentation; `export_query` reads the value")]
pub(crate) struct ExportParams {
    /// Whether CSV begins with a byte order mark, without which some spreadsheet programs take UTF-8 for something else.
    #[param(default = false)]
    bom: Option<bool>,
}

/// The names of the orders.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) enum SortName {
    #[schema(rename = "created_at")]
    OldestFirst,
    #[schema(rename = "-created_at")]
    NewestFirst,
    #[schema(rename = "display_name")]
    NameAscending,
    #[schema(rename = "-display_name")]
    NameDescending,
}

/// Reads the query of a list of people.
pub(crate) fn user_query(query: &str) -> Result<UserQuery, Problem> {
    let mut fields = fields(query);
    let filter = filter(&mut fields);
    let sort: Option<Option<Sort>> = fields.optional_with("sort", choice);
    let size = fields.optional_with("limit", size);
    let after = fields.optional_with("cursor", cursor);
    let include_total = fields.optional_with("include_total", boolean);

    let order = sort.flatten().unwrap_or_default();
    if after.as_ref().is_some_and(|after| after.as_ref().is_some_and(|after| after.sort != order)) {
        fields.refuse("cursor", ValueError::new("invalid_cursor", "belongs to another sort"));
    }
    let query = || {
        Some(UserQuery {
            filter: filter?,
            sort: sort?.unwrap_or_default(),
            after: after?,
            size: size?.unwrap_or_default(),
            include_total: include_total?.unwrap_or_default(),
        })
    };
    let query = query();
    fields.finish(query)
}

/// Reads the query of an export: everybody on the list, so nothing about pages, which are as large as they get; and
/// whether it begins with a byte order mark, which only CSV has.
pub(crate) fn export_query(query: &str, is_csv: bool) -> Result<(UserQuery, bool), Problem> {
    let mut fields = fields(query);
    let filter = filter(&mut fields);
    let sort: Option<Option<Sort>> = fields.optional_with("sort", choice);
    let bom = fields.optional_with("bom", boolean);
    if bom.flatten() == Some(true) && !is_csv {
        fields.refuse("bom", ValueError::new("invalid_choice", "only CSV has a byte order mark"));
    }
    let size = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let query = || {
        let query = UserQuery { filter: filter?, sort: sort?.unwrap_or_default(), size, ..UserQuery::default() };
        Some((query, bom?.unwrap_or_default()))
    };
    let query = query();
    fields.finish(query)
}

fn filter(fields: &mut Fields) -> Option<Filter> {
    let role = fields.optional_with("role", choice);
    let is_active = fields.optional_with("is_active", boolean);
    let assigned_manager = fields.optional_with("assigned_manager_id", assignment);
    let created_by = fields.optional_with("created_by", id);
    let created_from = fields.optional_with("created_from", time);
    let created_to = fields.optional_with("created_to", time);
    let search = fields.optional_with("q", search);
    Some(Filter {
        role: role?,
        is_active: is_active?,
        assigned_manager: assigned_manager?,
        created_by: created_by?,
        created_from: created_from?,
        created_to: created_to?,
        search: search?,
    })
}

/// Refuses every parameter, for routes that have none.
pub(crate) fn no_query(query: &str) -> Result<(), Problem> {
    fields(query).finish(Some(()))
}

pub(crate) fn fields(query: &str) -> Fields {
    let mut fields = Map::new();
    let mut repeated = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if fields.insert(name.to_string(), Value::String(value.into_owned())).is_some() {
            repeated.push(name.into_owned());
        }
    }
    let mut fields = Fields::new(fields);
    for name in repeated {
        fields.refuse(&name, ValueError::new("repeated", "may be given once"));
    }
    fields
}

pub(crate) fn choice<T: std::str::FromStr<Err = ValueError>>(value: Value) -> Result<Option<T>, ValueError> {
    text(value)?.parse().map(Some)
}

pub(crate) fn boolean(value: Value) -> Result<Option<bool>, ValueError> {
    match text(value)?.as_str() {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(ValueError::new("wrong_type", "must be true or false")),
    }
}

pub(crate) fn id(value: Value) -> Result<Option<UserId>, ValueError> {
    text(value)?.parse().map(Some).map_err(|_| crate::extract::fields::not_a_uuid())
}

fn assignment(value: Value) -> Result<Option<Assignment>, ValueError> {
    let text = text(value)?;
    if text == "none" {
        return Ok(Some(Assignment::Nobody));
    }
    let id = text.parse().map_err(|_| ValueError::new("invalid_id", "must be a UUID or none"))?;
    Ok(Some(Assignment::To(id)))
}

pub(crate) fn time(value: Value) -> Result<Option<Timestamp>, ValueError> {
    // A `+` that was not escaped arrives as a space.
    let text = text(value)?.replace(' ', "+");
    let time = DateTime::parse_from_rfc3339(&text)
        .map_err(|_| ValueError::new("invalid_time", "must be an RFC 3339 time, such as 2026-01-31T12:00:00Z"))?;
    // Stored times have microseconds: at or after this moment, they are at or after the next of those.
    let begun = i64::from(time.timestamp_subsec_nanos() % 1000 != 0);
    DateTime::from_timestamp_micros(time.timestamp_micros() + begun)
        .filter(|time| is_storable(*time))
        .map(Some)
        .ok_or_else(|| ValueError::new("out_of_range", "must be in the years 1000 to 9999, in UTC"))
}

fn search(value: Value) -> Result<Option<Search>, ValueError> {
    Search::parse(&text(value)?).map(Some)
}

pub(crate) fn size(value: Value) -> Result<Option<PageSize>, ValueError> {
    let text = text(value)?;
    let size = text.parse().map_err(|_| ValueError::new("out_of_range", "must be from 1 to 200"))?;
    PageSize::new(size).map(Some)
}

fn cursor(value: Value) -> Result<Option<Cursor>, ValueError> {
    let cursor: Option<Cursor> = decode_cursor(value)?;
    let is_whole = |cursor: &Cursor| {
        cursor.sort.is_by_name() == cursor.name.is_some()
            && is_storable(cursor.created_at)
            && cursor.name.as_ref().is_none_or(|name| !name.contains('\0'))
    };
    if cursor.as_ref().is_none_or(is_whole) { Ok(cursor) } else { Err(invalid_cursor()) }
}

/// Reads what [`encode_cursor`] wrote, as far as its type tells.
pub(crate) fn decode_cursor<C: DeserializeOwned>(value: Value) -> Result<Option<C>, ValueError> {
    let bytes = URL_SAFE_NO_PAD.decode(text(value)?).map_err(|_| invalid_cursor())?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| invalid_cursor())
}

/// Whether every database can compare with this time.
pub(crate) fn is_storable(time: Timestamp) -> bool {
    (1000..=9999).contains(&time.year())
}

pub(crate) fn invalid_cursor() -> ValueError {
    ValueError::new("invalid_cursor", "must be the next_cursor of an answer")
}

/// The text of a cursor; opaque to the caller.
pub(crate) fn encode_cursor(cursor: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

/// The `Link` to the next page (RFC 8288): the same request with another cursor. Relative to the request (RFC 3986
/// section 5.2.2: a query alone keeps the path), since a proxy may serve us below a path of its own.
pub(crate) fn next_link(request: &HttpRequest, cursor: &str) -> String {
    format!("<?{}>; rel=\"next\"", next_query(request.query_string(), cursor))
}

/// A reference to what is directly below the collection of this request, whether or not its path ends with a slash.
/// Relative, as [`next_link`] is.
pub(crate) fn reference_below(path: &str, name: &str) -> String {
    match path.rsplit('/').next() {
        None | Some("") => name.to_owned(),
        // The last segment is left out when a reference is resolved.
        Some(collection) => format!("{collection}/{name}"),
    }
}

fn next_query(query: &str, cursor: &str) -> String {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", cursor).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_read() {
        let id = "01936f5e-0000-7000-8000-000000000001";
        let query = user_query(&format!(
            "role=customer&is_active=true&assigned_manager_id=none&created_by={id}&created_from=2026-01-01T00:00:00Z\
             &created_to=2026-02-01T05:00:00+05:00&q=+99890&sort=display_name&limit=200&include_total=true"
        ))
        .unwrap();
        assert_eq!(query.filter.assigned_manager, Some(Assignment::Nobody));
        assert_eq!(query.filter.created_by, Some(id.parse().unwrap()));
        assert_eq!(query.filter.created_to, Some("2026-02-01T00:00:00Z".parse().unwrap()));
        assert_eq!(query.filter.search.unwrap().phone.as_deref(), Some("+99890"));
        assert_eq!((query.size.get(), query.sort, query.include_total), (200, Sort::NameAscending, true));
    }

    #[test]
    fn what_is_unknown_repeated_or_wrong_is_refused() {
        for query in [
            "colour=red",
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=-1",
            "limit=1&limit=2",
            "role=boss",
            "role=",
            "is_active=1",
            "assigned_manager_id=nobody",
            "created_by=7",
            "created_from=yesterday",
            "sort=phone",
            "cursor=x",
            "cursor=e30",
            "q=",
            "q=%00",
        ] {
            assert!(user_query(query).is_err(), "{query}");
        }
        assert!(no_query("x=1").is_err());
        assert!(no_query("").is_ok());
    }

    #[test]
    fn a_time_is_one_that_every_database_can_compare() {
        let from = |text: &str| user_query(&format!("created_from={text}")).map(|query| query.filter.created_from);
        for (text, read) in [
            ("1000-01-01T00:00:00Z", "1000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00:00.000001Z"),
            ("1969-12-31T23:59:59.9999995Z", "1970-01-01T00:00:00Z"),
            // A leap second, which databases have not.
            ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"),
        ] {
            assert_eq!(from(text).unwrap(), Some(read.parse().unwrap()), "{text}");
        }
        for text in [
            "0000-01-01T00:00:00Z",
            "0999-12-31T23:59:59Z",
            "1000-01-01T00:00:00%2B00:01",
            "9999-12-31T23:59:59-23:59",
            "9999-12-31T23:59:59.9999999Z",
        ] {
            let refused = format!("{:?}", from(text).unwrap_err());
            assert!(refused.contains("out_of_range"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_order_only() {
        let at = Cursor {
            sort: Sort::NewestFirst,
            created_at: DateTime::UNIX_EPOCH,
            name: None,
            id: uuid::Uuid::nil().into(),
        };
        let text = encode_cursor(&at);
        assert_eq!(user_query(&format!("cursor={text}")).unwrap().after, Some(at));
        assert!(user_query(&format!("cursor={text}&sort=created_at")).is_err());
        assert_eq!(next_query("limit=2&cursor=old&q=a b", "new"), "limit=2&q=a+b&cursor=new");
    }
}
