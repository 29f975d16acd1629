//! The rights of a database user who only serves and owns nothing.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::database::Database;
use crate::error::DatabaseError;

const EVERYTHING: &str = "SELECT, INSERT, UPDATE, DELETE";

/// The rights that the statements of this crate need on each table. One test compares the tables with the schema, and
/// another serves with these rights. Rows that a foreign key deletes need no right.
const RIGHTS: &[(&str, &str)] = &[
    ("users", EVERYTHING),
    ("admin_managers", "SELECT, INSERT, UPDATE"),
    ("customers", EVERYTHING),
    ("sessions", EVERYTHING),
    ("api_keys", EVERYTHING),
    ("challenges", EVERYTHING),
    ("outbox", EVERYTHING),
    ("server_keys", "SELECT, INSERT, UPDATE"),
    ("setup_tokens", "SELECT, INSERT, DELETE"),
    // Only the columns that an erasure blanks.
    ("audit_events", "SELECT, INSERT, UPDATE (changes, address)"),
    ("attempts", EVERYTHING),
    ("locks", "SELECT, UPDATE"),
    ("idempotency_keys", EVERYTHING),
    ("known_networks", EVERYTHING),
    ("notices", EVERYTHING),
    ("signups", EVERYTHING),
    ("seaql_migrations", "SELECT"),
];

impl Database {
    /// The statements that give a database user only the rights that serving needs. The user cannot change the schema
    /// or the triggers, and of an old audit event only what an erasure blanks. On `MySQL` the name may have a host, as
    /// in `name@10.0.0.%`.
    ///
    /// # Errors
    /// [`DatabaseError::NoUsers`] on `SQLite`.
    pub async fn grants(&self, to: &str) -> Result<String, DatabaseError> {
        match self.store().writer.get_database_backend() {
            DbBackend::Postgres => Ok(postgres(&self.name("SELECT current_schema()::text AS name").await?, to)),
            DbBackend::MySql => Ok(mysql(&self.name("SELECT DATABASE() AS name").await?, to)),
            _ => Err(DatabaseError::NoUsers),
        }
    }

    async fn name(&self, select: &str) -> Result<String, DatabaseError> {
        let store = self.store();
        let statement = Statement::from_string(store.reader.get_database_backend(), select);
        let row = store.reader.query_one_raw(statement).await?;
        let name = row.map(|row| row.try_get::<Option<String>>("", "name")).transpose()?.flatten();
        Ok(name.unwrap_or_default())
    }
}

fn postgres(schema: &str, to: &str) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (schema, to) = (quoted(schema), quoted(to));
    // Before PostgreSQL 15, everybody may create tables in the schema `public`. The user may have had more rights
    // before.
    let mut sql = format!(
        "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC;\nREVOKE CREATE ON SCHEMA {schema} FROM {to};\n\
         GRANT USAGE ON SCHEMA {schema} TO {to};"
    );
    for (table, rights) in RIGHTS {
        let table = format!("{schema}.{}", quoted(table));
        let _ = write!(sql, "\nREVOKE ALL ON TABLE {table} FROM {to};\nGRANT {rights} ON TABLE {table} TO {to};");
    }
    sql
}

fn mysql(database: &str, to: &str) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let (name, host) = to.rsplit_once('@').unwrap_or((to, "%"));
    let (database, to) = (database.replace('`', "``"), format!("{}@{}", text(name), text(host)));
    let grants = RIGHTS.iter().map(|(table, rights)| format!("GRANT {rights} ON `{database}`.`{table}` TO {to};"));
    grants.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let sql = postgres("pub\"lic", "an\"n");
        assert!(sql.contains(r#"GRANT SELECT ON TABLE "pub""lic"."seaql_migrations" TO "an""n";"#), "{sql}");
        let sql = mysql("peo`ple", r"o'neil\@10.0.0.%");
        assert!(sql.contains(r"GRANT SELECT ON `peo``ple`.`seaql_migrations` TO 'o''neil\\'@'10.0.0.%';"), "{sql}");
        assert!(mysql("people", "ann").ends_with("TO 'ann'@'%';"));
    }
}
