//! Which people a list or an export holds, as its query says.

use domain::page::{Assignment, Search};
use domain::{Cursor, Filter, PageSize, Role, Sort, UserQuery, ValueError};
use serde_json::{Value, json};

use crate::extract::fields::is_storable;
use crate::extract::page::{decode_cursor, invalid_cursor};
use crate::extract::query::{self, PageParams, boolean};
use crate::extract::{Fields, query_params};
use crate::problem::Result;
use crate::schema::names;

query_params!(UserListParams = list);
query_params!(ExportParams = |fields| export(fields, true));

/// Reads the query of a list of people.
pub(super) fn user_query(text: &str) -> Result<UserQuery> {
    query::read(text, list)
}

/// Reads the query of an export, and whether it begins with a byte order mark, which only CSV has.
pub(super) fn export_query(text: &str, is_csv: bool) -> Result<(UserQuery, bool)> {
    query::read(text, |fields| export(fields, is_csv))
}

fn list(fields: &mut Fields) -> Option<UserQuery> {
    let filter = filter(fields);
    let sort = sort(fields);
    let order = sort.unwrap_or_default();
    let page = fields.page(|text| match cursor(text)? {
        cursor if cursor.sort == order => Ok(cursor),
        _ => Err(ValueError::new("invalid_cursor", "belongs to another sort")),
    });
    let PageParams { size, after, include_total } = page?;
    Some(UserQuery { filter: filter?, sort: sort?, after, size, include_total })
}

/// An export holds everybody, so it has no parameters for pages. Its pages are as large as possible.
fn export(fields: &mut Fields, is_csv: bool) -> Option<(UserQuery, bool)> {
    let filter = filter(fields);
    let sort = sort(fields);
    let about =
        "Whether CSV begins with a byte order mark. Without it, some spreadsheet programs do not recognise UTF-8.";
    let byte_order_mark = fields.flag("bom", about);
    if byte_order_mark == Some(true) && !is_csv {
        fields.refuse("bom", ValueError::new("invalid_choice", "only CSV has a byte order mark"));
    }
    let size = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    Some((UserQuery { filter: filter?, sort: sort?, size, ..UserQuery::default() }, byte_order_mark?))
}

fn sort(fields: &mut Fields) -> Option<Sort> {
    let schema = || names(Sort::ALL, Sort::as_str);
    Some(fields.choice("sort", "The order; `-created_at` by default.", schema)?.unwrap_or_default())
}

fn filter(fields: &mut Fields) -> Option<Filter> {
    let role = fields.choice("role", "Only this role.", || names(Role::ALL, Role::as_str));
    let is_active = || json!({ "type": "boolean" });
    let is_active = fields.parameter("is_active", "Only active, or only inactive.", is_active, boolean);
    let about = "Only customers of this manager; `none` for those without a manager.";
    let assigned_manager = fields.parameter("assigned_manager_id", about, assignment_schema, assignment);
    let created_by = fields.user_id("created_by", "Only customers entered by this person.");
    let created_from = fields.timestamp("created_from", "Only those entered at this time or later (RFC 3339).");
    let created_to = fields.timestamp("created_to", "Only those entered before this time (RFC 3339).");
    let about = "Only people whose display name, e-mail or phone begins with this, in upper or lower case.";
    let search = fields.parameter("q", about, search_schema, Search::parse);
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

fn assignment(text: &str) -> Result<Assignment, ValueError> {
    if text == "none" {
        return Ok(Assignment::Nobody);
    }
    text.parse().map(Assignment::To).map_err(|_| ValueError::new("invalid_id", "must be a UUID or none"))
}

fn assignment_schema() -> Value {
    json!({ "type": "string", "example": "none" })
}

fn search_schema() -> Value {
    json!({ "type": "string", "maxLength": Search::MAX_LENGTH })
}

fn cursor(text: &str) -> Result<Cursor, ValueError> {
    let is_whole = |cursor: &Cursor| {
        cursor.sort.is_by_name() == cursor.name.is_some()
            && is_storable(cursor.created_at)
            && cursor.name.as_ref().is_none_or(|name| !name.contains('\0'))
    };
    Some(decode_cursor(text)?).filter(is_whole).ok_or_else(invalid_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::page::encode_cursor;
    use crate::extract::query::no_query;
    use chrono::DateTime;

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
    }
}
