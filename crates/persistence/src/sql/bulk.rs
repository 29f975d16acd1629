//! Statements with very many values.
//!
//! A database takes longer to read a statement with thousands of values than to do what it says. So `PostgreSQL` gets all
//! values of a column as one value, the text of an array, and `SQLite` all rows as one value, the text of a JSON array.
//! The statement takes them apart again. Its text is always the same, so it is prepared once.

use sea_orm::sea_query::{
    Alias, ColumnType, Expr, ExprTrait, Func, InsertStatement, OnConflict, Query, SelectStatement,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    Iterable, QueryTrait, Statement, Value,
};

use super::array::Array;
use super::json_rows::{JsonRows, taken_out};
use crate::transaction::Transaction;

/// How many rows one statement writes on `MySQL`.
const ROWS: usize = 500;

/// Inserts rows that set the same columns.
pub(crate) async fn insert<A>(txn: &Transaction, rows: Vec<A>) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    execute(txn, inserts(txn.get_database_backend(), rows, None)?).await
}

/// Runs these statements, one after the other.
pub(crate) async fn execute(txn: &Transaction, statements: Vec<Statement>) -> Result<(), DbErr> {
    for statement in statements {
        txn.execute_raw(statement).await?;
    }
    Ok(())
}

/// The statements that insert rows, which set the same columns. To make them takes longer than to send them.
pub(crate) fn inserts<A>(
    backend: DbBackend,
    mut rows: Vec<A>,
    on_conflict: Option<&OnConflict>,
) -> Result<Vec<Statement>, DbErr>
where
    A: ActiveModelTrait,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut inserts = match backend {
        DbBackend::Postgres => vec![selected(&mut rows, unnested)?],
        DbBackend::Sqlite => vec![selected(&mut rows, of_json)?],
        _ => {
            let mut inserts = Vec::new();
            while !rows.is_empty() {
                let rest = rows.split_off(rows.len().min(ROWS));
                inserts.push(A::Entity::insert_many(rows).into_query());
                rows = rest;
            }
            inserts
        }
    };
    for insert in &mut inserts {
        if let Some(act) = on_conflict {
            insert.on_conflict(act.clone());
        }
    }
    Ok(inserts.iter().map(|insert| backend.build(insert)).collect())
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

/// A column, and its value in each row.
type Given<A> = (<<A as ActiveModelTrait>::Entity as EntityTrait>::Column, Vec<Value>);

/// `INSERT INTO t (a, b) SELECT …`
fn selected<A: ActiveModelTrait>(
    rows: &mut [A],
    select: impl FnOnce(Vec<Given<A>>) -> Result<SelectStatement, DbErr>,
) -> Result<InsertStatement, DbErr> {
    let columns = <A::Entity as EntityTrait>::Column::iter();
    let given = columns.map(|column| (column, rows.iter_mut().filter_map(|row| given(row.take(column))).collect()));
    let given: Vec<Given<A>> = given.filter(|(_, values): &Given<A>| !values.is_empty()).collect();
    let mut insert = Query::insert();
    insert.into_table(A::Entity::default()).columns(given.iter().map(|(column, _)| *column));
    insert.select_from(select(given)?).map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok(insert)
}

/// `SELECT UNNEST(CAST($1 AS uuid[])), $2`. What is the same in all rows is sent once.
fn unnested<C: ColumnTrait>(given: Vec<(C, Vec<Value>)>) -> Result<SelectStatement, DbErr> {
    let mut select = Query::select();
    let mut differ: Vec<_> = given.iter().map(|(_, values)| values.iter().any(|value| *value != values[0])).collect();
    if !differ.contains(&true) {
        // One of them has to say how many rows there are.
        differ[0] = true;
    }
    for ((column, mut values), differ) in given.into_iter().zip(differ) {
        if differ {
            select.expr(Func::cust("UNNEST").arg(array(values, column.def().get_column_type())?));
        } else {
            select.expr(Expr::val(values.swap_remove(0)));
        }
    }
    Ok(select)
}

/// `SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?) WHERE TRUE`
fn of_json<C: ColumnTrait>(given: Vec<(C, Vec<Value>)>) -> Result<SelectStatement, DbErr> {
    let mut select = Query::select();
    for (at, (column, _)) in given.iter().enumerate() {
        select.expr(taken_out(at, column.def().get_column_type()));
    }
    let mut rows = JsonRows::default();
    let mut columns: Vec<_> = given.into_iter().map(|(_, values)| values.into_iter()).collect();
    // Each column has a value in each row.
    while let Some(row) = columns.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>() {
        rows.push(row)?;
    }
    select.from_function(Func::cust("json_each").arg(rows.into_text()), Alias::new("given"));
    // Without it, SQLite would take `ON CONFLICT` for the condition of a join (its manual, "UPSERT", section 2.2).
    select.and_where(Expr::cust("TRUE"));
    Ok(select)
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

#[cfg(test)]
mod tests;
