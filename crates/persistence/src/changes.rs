//! Whom the transactions of this process may have changed, so that what was read of somebody can be used again as long
//! as nothing was written.
//!
//! Nobody has to remember to say so: a [`Transaction`](crate::transaction::Transaction) reads it from its statements. A
//! statement that does not name the rows it changes, by ids right after its `WHERE`, counts as a change of everybody.
//! That is always right, and only costs a few more questions to the database.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::UserId;
use domain::store::Generation;
use sea_orm::{Statement, Value};
use uuid::Uuid;

/// The tables of which `find_caller` and `find_key_caller` read, and the columns that name a person, a session or an API
/// key there.
const TABLES: [(&str, &[&str]); 5] = [
    ("users", &["id"]),
    ("admin_managers", &["id"]),
    ("customers", &["id"]),
    ("sessions", &["id", "user_id"]),
    ("api_keys", &["id", "owner_id"]),
];
/// How many counters there are. People who share one are read again together.
const COUNTERS: usize = 4096;

/// Counts changes by person, session and API key. Clones are the same counters.
#[derive(Clone, Debug)]
pub(crate) struct Changes(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    of_everybody: AtomicU64,
    by_id: Box<[AtomicU64]>,
}

impl Default for Changes {
    fn default() -> Self {
        let by_id = (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Counters { of_everybody: AtomicU64::new(0), by_id }))
    }
}

impl Changes {
    /// Where a session or an API key and its owner stand now. Read before the question whose answer is kept with it.
    pub(crate) fn generation(&self, credential: Uuid, owner: UserId) -> Generation {
        let of = |id: Uuid| self.0.by_id[place(id)].load(Ordering::SeqCst);
        let of_everybody = self.0.of_everybody.load(Ordering::SeqCst);
        Generation([of_everybody, of(credential), of(owner.as_uuid())])
    }
}

/// The counter of an id: of a UUID version 7, the last bits are random (RFC 9562 section 5.7).
fn place(id: Uuid) -> usize {
    usize::from(u16::from_be_bytes([id.as_bytes()[14], id.as_bytes()[15]])) % COUNTERS
}

/// Whom one transaction may have changed. They are counted when it is dropped.
pub(crate) struct Changed {
    changes: Changes,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    everybody: bool,
    /// Counters, so that a transaction that names a million people holds no more than there are.
    places: BTreeSet<usize>,
}

impl Changed {
    pub(crate) fn new(changes: &Changes) -> Self {
        Self { changes: changes.clone(), seen: Mutex::default() }
    }

    /// Notes what a statement may change. Called before it is run.
    pub(crate) fn note(&self, statement: &Statement) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match affected(&statement.sql) {
            Affected::Nobody => {}
            Affected::Everybody => seen.everybody = true,
            Affected::Named => {
                let values = statement.values.iter().flat_map(|values| &values.0);
                let mut ids =
                    values.filter_map(|value| if let Value::Uuid(id) = value { *id } else { None }).peekable();
                seen.everybody |= ids.peek().is_none();
                seen.places.extend(ids.map(place));
            }
        }
    }

    /// The same of a statement without values, which names nobody.
    pub(crate) fn note_text(&self, sql: &str) {
        if affected(sql) != Affected::Nobody {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).everybody = true;
        }
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let seen = self.seen.get_mut().unwrap_or_else(PoisonError::into_inner);
        let counters = &self.changes.0;
        if seen.everybody {
            counters.of_everybody.fetch_add(1, Ordering::SeqCst);
        }
        for place in &seen.places {
            counters.by_id[*place].fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Whom a statement may change, of people, sessions and API keys that there were before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affected {
    Nobody,
    /// Only rows whose ids are among its values.
    Named,
    Everybody,
}

fn affected(sql: &str) -> Affected {
    let mut words = sql.split_ascii_whitespace();
    let table = match words.next() {
        Some("SELECT" | "SET" | "DISCARD") => return Affected::Nobody,
        Some("UPDATE") => words.next(),
        Some("INSERT") if words.next() == Some("INTO") => words.next(),
        Some("DELETE") if words.next() == Some("FROM") => words.next(),
        _ => None,
    };
    let Some(table) = table else { return Affected::Everybody };
    let table = table.trim_matches(['"', '`']);
    let Some((_, columns)) = TABLES.iter().find(|(name, _)| *name == table) else { return Affected::Nobody };
    if sql.starts_with("INSERT") {
        // What is new was not read before. Where it may end as an update, the row may be found by any unique value.
        return if sql.contains(" ON ") { Affected::Everybody } else { Affected::Nobody };
    }
    if names_rows(sql, columns) { Affected::Named } else { Affected::Everybody }
}

/// Whether the condition of an update or a deletion begins with `id = ?` or `id IN (?`, of one of these columns, and has
/// only further conditions after it.
fn names_rows(sql: &str, columns: &[&str]) -> bool {
    let Some((changes, condition)) = sql.split_once(" WHERE ") else { return false };
    // Otherwise this may be the condition of a subquery, or one of several.
    if changes.contains("SELECT") || condition.contains(" OR ") {
        return false;
    }
    let Some((column, value)) = condition.split_once(' ') else { return false };
    let column = column.rsplit('.').next().unwrap_or(column).trim_matches(['"', '`']);
    let value = value.strip_prefix("= ").or_else(|| value.strip_prefix("IN ("));
    columns.contains(&column) && value.is_some_and(|value| value.starts_with(['$', '?']))
}

#[cfg(test)]
mod tests;
