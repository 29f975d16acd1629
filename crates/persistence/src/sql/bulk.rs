//! Statements with very many values.
//!
//! `PostgreSQL` takes longer to read a statement with thousands of values than to do what it says. So there all values
//! of a column are one value, the text of an array, which the statement takes apart again. Its text is always the same,
//! so it is prepared once.

use sea_orm::sea_query::{ColumnType, Expr, ExprTrait, Func, InsertStatement, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    Iterable, Value,
};

use super::array::Array;
use crate::transaction::Transaction;

/// How many rows one statement writes elsewhere. A statement of SQLite holds at most 32,766 values.
const ROWS: usize = 500;

/// Inserts rows that set the same columns.
pub(crate) async fn insert<A>(txn: &Transaction, mut rows: Vec<A>, on_conflict: Option<OnConflict>) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    if rows.is_empty() {
        return Ok(());
    }
    if txn.get_database_backend() == DbBackend::Postgres {
        let mut insert = unnested(&mut rows)?;
        if let Some(act) = on_conflict {
            insert.on_conflict(act);
        }
        return txn.execute(&insert).await.map(drop);
    }
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(ROWS));
        let mut insert = A::Entity::insert_many(rows);
        if let Some(act) = &on_conflict {
            insert = insert.on_conflict(act.clone());
        }
        insert.exec_without_returning(txn).await?;
        rows = rest;
    }
    Ok(())
}

/// Whether the column is one of these values, which are many.
pub(crate) fn is_any_of(backend: DbBackend, column: impl ColumnTrait, values: Vec<Value>) -> Result<Expr, DbErr> {
    if backend != DbBackend::Postgres {
        return Ok(column.is_in(values));
    }
    // A subquery is evaluated once. In `column = ANY(CAST(…))`, the array may be read again for each row.
    let values = Query::select().expr(Func::cust("UNNEST").arg(array(values, column.def().get_column_type())?)).take();
    Ok(column.in_subquery(values))
}

/// `INSERT INTO t (a, b) SELECT UNNEST(CAST($1 AS uuid[])), UNNEST(CAST($2 AS text[]))`
fn unnested<A: ActiveModelTrait>(rows: &mut [A]) -> Result<InsertStatement, DbErr> {
    let (mut columns, mut select) = (Vec::new(), Query::select());
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let values: Vec<_> = rows.iter_mut().filter_map(|row| given(row.take(column))).collect();
        if values.is_empty() {
            continue;
        }
        columns.push(column);
        select.expr(Func::cust("UNNEST").arg(array(values, column.def().get_column_type())?));
    }
    let mut insert = Query::insert();
    insert.into_table(A::Entity::default()).columns(columns);
    insert.select_from(select).map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok(insert)
}

fn given(value: ActiveValue<Value>) -> Option<Value> {
    match value {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(value),
        ActiveValue::NotSet => None,
    }
}

fn array(values: Vec<Value>, of: &ColumnType) -> Result<Expr, DbErr> {
    let name = match of {
        ColumnType::Uuid => "uuid[]",
        ColumnType::String(_) | ColumnType::Text => "text[]",
        ColumnType::Boolean => "boolean[]",
        ColumnType::BigInteger => "bigint[]",
        ColumnType::TimestampWithTimeZone => "timestamptz[]",
        ColumnType::Json | ColumnType::JsonBinary => "jsonb[]",
        other => return Err(DbErr::Type(format!("no array of {other:?}"))),
    };
    let mut array = Array::default();
    for value in values {
        array.push(value)?;
    }
    Ok(Expr::val(array.into_text()).cast_as(name))
}
