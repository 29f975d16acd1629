//! Statements as text, with their limits written out.
//!
//! `PostgreSQL` keeps the plan of a prepared statement only when that plan is as good as one made for the values at hand.
//! With `LIMIT $1` it never is, since the planner then expects a tenth of all rows, and each page is planned anew: that
//! costs more than to read it. So numbers of rows stand in the text, and everything else is bound.

use std::fmt;

use domain::PageSize;
use sea_orm::sea_query::{
    MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder, SelectStatement, SqlWriter, SqliteQueryBuilder, Value,
    Values,
};
use sea_orm::{DbBackend, Statement};

/// How many rows pages read. A few steps, so that pages of all sizes make few texts to keep prepared.
const STEPS: [u64; 6] = [2, 11, 26, 51, 101, PageSize::MAX as u64 + 1];

/// How many rows to read for a page: at least one more than it holds, to know whether another follows.
pub(crate) fn rows_for(size: PageSize) -> u64 {
    let wanted = size.get() as u64 + 1;
    STEPS.into_iter().find(|step| *step >= wanted).unwrap_or(wanted)
}

/// A query as it is sent.
pub(crate) fn statement(backend: DbBackend, select: &SelectStatement) -> Statement {
    let (sql, values) = match backend {
        DbBackend::MySql => build(select, &MysqlQueryBuilder),
        DbBackend::Postgres => build(select, &PostgresQueryBuilder),
        _ => build(select, &SqliteQueryBuilder),
    };
    Statement { sql, values: Some(values), db_backend: backend }
}

fn build(select: &SelectStatement, builder: &impl QueryBuilder) -> (String, Values) {
    let (placeholder, is_numbered) = builder.placeholder();
    let mut text = Text { sql: String::with_capacity(2048), values: Vec::new(), placeholder, is_numbered };
    select.build_collect_any_into(builder, &mut text);
    (text.sql, Values(text.values))
}

/// Binds every value but the limits, which are the only unsigned numbers in our queries.
struct Text {
    sql: String,
    values: Vec<Value>,
    placeholder: &'static str,
    is_numbered: bool,
}

impl fmt::Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.sql.push_str(part);
        Ok(())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl SqlWriter for Text {
    fn push_param<T: QueryBuilder>(&mut self, value: Value, _: &T) {
        if let Value::BigUnsigned(Some(rows)) = value {
            self.sql.push_str(&rows.to_string());
            return;
        }
        self.values.push(value);
        self.sql.push_str(self.placeholder);
        if self.is_numbered {
            self.sql.push_str(&self.values.len().to_string());
        }
    }

    fn as_writer(&mut self) -> &mut dyn fmt::Write {
        self
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ColumnTrait as _;
    use sea_orm::sea_query::Query;

    use super::*;
    use crate::entity::user;

    #[test]
    fn limits_are_written_out_and_values_are_bound() {
        let mut select = Query::select();
        select.column(user::Column::Id).from(user::Entity).cond_where(user::Column::Role.eq("admin' --"));
        select.cond_where(user::Column::Version.gt(7)).limit(51);
        for (backend, end) in [
            (DbBackend::Postgres, r#"WHERE "users"."role" = $1 AND "users"."version" > $2 LIMIT 51"#),
            (DbBackend::Sqlite, r#"WHERE "users"."role" = ? AND "users"."version" > ? LIMIT 51"#),
            (DbBackend::MySql, "WHERE `users`.`role` = ? AND `users`.`version` > ? LIMIT 51"),
        ] {
            let statement = statement(backend, &select);
            assert!(statement.sql.ends_with(end), "{}", statement.sql);
            assert_eq!(statement.values.unwrap().0.len(), 2);
        }
    }

    #[test]
    fn pages_of_all_sizes_make_few_texts() {
        let read: Vec<_> = (1..=200).map(|size| rows_for(PageSize::new(size).unwrap())).collect();
        assert!(read.iter().zip(1..).all(|(rows, size)| *rows > size));
        assert_eq!((read[0], read[9], read[49], read[199]), (2, 11, 51, 201));
        let texts: std::collections::BTreeSet<_> = read.into_iter().collect();
        assert_eq!(texts.len(), STEPS.len());
    }
}
