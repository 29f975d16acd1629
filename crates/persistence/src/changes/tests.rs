use sea_orm::DbBackend;

use super::*;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn generation(changes: &Changes, session: u128, owner: u128) -> Generation {
    changes.generation(id(session), id(owner).into())
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

#[test]
fn a_statement_names_whom_it_changes_or_changes_everybody() {
    use Affected::{Everybody, Named, Nobody};
    for (sql, expected) in [
        (r#"SELECT "id" FROM "users" WHERE "id" = $1 FOR UPDATE"#, Nobody),
        ("SET LOCAL enable_seqscan = off", Nobody),
        ("SET LOCAL plan_cache_mode = force_custom_plan", Nobody),
        ("DISCARD PLANS", Nobody),
        (r#"UPDATE "challenges" SET "tries" = "tries" + $1"#, Nobody),
        (r#"DELETE FROM "outbox" WHERE "due_at" < $1"#, Nobody),
        (r#"INSERT INTO "users" ("id") VALUES ($1)"#, Nobody),
        (r#"INSERT INTO "users" ("id") VALUES ($1) ON CONFLICT ("id") DO UPDATE SET "version" = $2"#, Everybody),
        ("INSERT INTO `users` (`id`) VALUES (?) ON DUPLICATE KEY UPDATE `version` = VALUES(`version`)", Everybody),
        (r#"UPDATE "users" SET "role" = $1 WHERE "users"."id" = $2 AND "users"."version" = $3"#, Named),
        ("UPDATE `users` SET `role` = ? WHERE `users`.`id` = ? AND `users`.`version` = ?", Named),
        (r#"UPDATE "users" SET "version" = "version" + $1 WHERE "users"."id" IN ($2, $3)"#, Named),
        (r#"DELETE FROM "sessions" WHERE "sessions"."user_id" = $1 AND "sessions"."id" <> $2"#, Named),
        (
            r#"UPDATE "sessions" SET "renewals" = $1 WHERE "sessions"."id" = $2 AND "user_id" IN (SELECT "id" FROM "users")"#,
            Named,
        ),
        (r#"DELETE FROM "api_keys" WHERE "api_keys"."id" = $1"#, Named),
        (
            r#"UPDATE "api_keys" SET "last_used_at" = $1 WHERE "api_keys"."id" = $2 AND COALESCE("last_used_at", $3) <= $4"#,
            Named,
        ),
        // What does not name the rows.
        (r#"UPDATE "users" SET "is_active" = $1"#, Everybody),
        (r#"UPDATE "users" SET "is_active" = $1 WHERE "role" = $2"#, Everybody),
        (r#"UPDATE "users" SET "is_active" = $1 WHERE "id" <> $2"#, Everybody),
        (r#"UPDATE "users" SET "is_active" = $1 WHERE "id" IN (SELECT "id" FROM "customers")"#, Everybody),
        (r#"UPDATE "users" SET "is_active" = $1 WHERE "id" = $2 OR "role" = $3"#, Everybody),
        (r#"UPDATE "users" SET "version" = (SELECT 1 FROM "t" WHERE "id" = $1)"#, Everybody),
        (r#"UPDATE "customers" SET "created_by" = $1 WHERE "customers"."created_by" = $2"#, Everybody),
        (r#"UPDATE "users" SET "version" = $1 WHERE "id" = "id""#, Everybody),
        (r#"WITH "x" AS (SELECT 1) DELETE FROM "users" WHERE "id" = $1"#, Everybody),
        (r#"update "users" set "is_active" = false"#, Everybody),
        ("TRUNCATE users", Everybody),
        ("", Everybody),
    ] {
        assert_eq!(affected(sql), expected, "{sql}");
    }
}

#[test]
fn changes_are_counted_when_the_transaction_goes() {
    let changes = Changes::default();
    let before = generation(&changes, 1, 2);
    let transaction = Changed::new(&changes);
    transaction.note(&statement(r#"UPDATE "users" SET "role" = $1 WHERE "id" = $2"#, ["admin".into(), id(2).into()]));
    assert_eq!(generation(&changes, 1, 2), before);
    drop(transaction);
    assert_ne!(generation(&changes, 1, 2), before, "of the owner");
    assert_ne!(generation(&changes, 2, 1), before, "of the session");
    assert_eq!(generation(&changes, 3, 4), before, "nobody else");
}

#[test]
fn what_names_no_id_or_has_no_values_counts_for_everybody() {
    for note in [
        |changed: &Changed| {
            changed.note(&statement(r#"UPDATE "users" SET "a" = $1 WHERE "id" = $2"#, [1.into(), 2.into()]));
        },
        |changed: &Changed| changed.note_text("DELETE FROM \"sessions\""),
    ] {
        let changes = Changes::default();
        let before = generation(&changes, 1, 2);
        note(&Changed::new(&changes));
        assert_ne!(generation(&changes, 1, 2), before);
        assert_ne!(generation(&changes, 3, 4), before);
    }
}

#[test]
fn a_transaction_of_very_many_people_holds_little() {
    let changes = Changes::default();
    let transaction = Changed::new(&changes);
    for number in 0..100_000 {
        transaction.note(&statement(r#"UPDATE "users" SET "a" = $1 WHERE "id" = $2"#, [1.into(), id(number).into()]));
    }
    assert_eq!(transaction.seen.lock().unwrap().places.len(), COUNTERS);
}
