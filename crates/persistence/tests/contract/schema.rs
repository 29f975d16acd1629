//! The schema as each database tells it, against the one that is declared here.

use std::collections::BTreeSet;

use sea_orm::DbBackend;

use super::backends::{Ground, tests};

tests! {
    every store:;

    every database:
    the_schema_is_as_declared,
    what_is_no_json_is_refused_by_its_name_on_mariadb,
    migrations_go_down_and_up_again,
    columns_that_are_left_out_have_their_default;
}

/// A `?` marks what may be null. Primary keys are `pk_` and the table, checks `ck_`, the table and the columns.
const DECLARED: &str = "
users: id uuid, role text(32), is_active bool, display_name text(120)?, name_key text(360), verified_at time?,
    created_at time, updated_at time, version bigint
users: pk(id)
users: ck_users_role
users: ck_users_version
users: ix_users_created_at_id(created_at,id)
users: ix_users_name_key_id(name_key,id)
users: ix_users_role_created_at_id(role,created_at,id)
users: ix_users_role_name_key_id(role,name_key,id)
users: ix_users_is_active_created_at_id(is_active,created_at,id)

admin_managers: id uuid, email text(255), password_hash text(255), tin_trunk_number text(50)?,
    verification_method text(32), phone text(20)?, created_at time, updated_at time, email_key text(765)
admin_managers: pk(id)
admin_managers: fk_admin_managers_id(id)->users CASCADE
admin_managers: ck_admin_managers_phone
admin_managers: ck_admin_managers_verification_method
admin_managers: uq_admin_managers_email(email)
admin_managers: ix_admin_managers_phone(phone)
admin_managers: ix_admin_managers_email_key(email_key)

customers: id uuid, phone text(20), created_by uuid, assigned_manager_id uuid?, metadata json, created_at time,
    updated_at time, name_key text(360)
customers: pk(id)
customers: fk_customers_id(id)->users CASCADE
customers: fk_customers_created_by(created_by)->users RESTRICT
customers: fk_customers_assigned_manager_id(assigned_manager_id)->users RESTRICT
customers: uq_customers_phone(phone)
customers: ix_customers_assigned_manager_id_created_at_id(assigned_manager_id,created_at,id)
customers: ix_customers_created_by_created_at_id(created_by,created_at,id)
customers: ix_customers_assigned_manager_id_name_key_id(assigned_manager_id,name_key,id)
customers: ix_customers_created_by_name_key_id(created_by,name_key,id)

sessions: id uuid, user_id uuid, created_at time, last_used_at time, expires_at time, address text(45)?,
    user_agent text(255)?, refresh_digest bytes, spent_digest bytes?, renewals bigint, proven_at time?
sessions: pk(id)
sessions: fk_sessions_user_id(user_id)->users CASCADE
sessions: ck_sessions_renewals
sessions: ix_sessions_user_id_created_at_id(user_id,created_at,id)
sessions: ix_sessions_expires_at(expires_at)

api_keys: id uuid, owner_id uuid, owner_role text(32), name text(120), scopes text(1000), networks text(2200),
    digest bytes, created_at time, expires_at time, last_used_at time?
api_keys: pk(id)
api_keys: fk_api_keys_owner_id(owner_id)->users CASCADE
api_keys: ck_api_keys_owner_role
api_keys: ix_api_keys_owner_id_created_at_id(owner_id,created_at,id)
api_keys: ix_api_keys_expires_at(expires_at)

challenges: id uuid, purpose text(32), subject bytes, user_id uuid?, channel text(32), contact text(255),
    code_digest bytes, tries int, created_at time, expires_at time, used_at time?, pending json?
challenges: pk(id)
challenges: fk_challenges_user_id(user_id)->users CASCADE
challenges: ck_challenges_purpose
challenges: ck_challenges_channel
challenges: ck_challenges_tries
challenges: uq_challenges_purpose_subject(purpose,subject)
challenges: ix_challenges_user_id(user_id)
challenges: ix_challenges_expires_at(expires_at)

outbox: id uuid, channel text(32), recipient text(255), purpose text(32), challenge_id uuid, sealed_code bytes,
    created_at time, expires_at time, attempts int, next_attempt_at time,
    contact bytes?, asker bytes?, network bytes?, has_account bool
outbox: pk(id)
outbox: fk_outbox_challenge_id(challenge_id)->challenges CASCADE
outbox: ck_outbox_channel
outbox: ck_outbox_purpose
outbox: ck_outbox_attempts
outbox: ix_outbox_challenge_id(challenge_id)
outbox: ix_outbox_next_attempt_at_id(next_attempt_at,id)
outbox: ix_outbox_contact(contact)

signups: user_id uuid, requested_at time
signups: pk(user_id)
signups: fk_signups_user_id(user_id)->users CASCADE
signups: ix_signups_requested_at(requested_at)

notices: id uuid, user_id uuid, channel text(32), recipient text(255), purpose text(32), created_at time,
    expires_at time, attempts int, next_attempt_at time
notices: pk(id)
notices: fk_notices_user_id(user_id)->users CASCADE
notices: ck_notices_channel
notices: ck_notices_purpose
notices: ck_notices_attempts
notices: ix_notices_user_id(user_id)
notices: ix_notices_next_attempt_at_id(next_attempt_at,id)

server_keys: id text(128), purpose text(32), secret bytes, is_sealed bool, created_at time, active_from time,
    retired_at time?, algorithm text(16)?
server_keys: pk(id)
server_keys: ck_server_keys_purpose
server_keys: ix_server_keys_purpose(purpose)

setup_tokens: digest bytes, created_at time
setup_tokens: pk(digest)

audit_events: id uuid, at time, actor_id uuid?, actor_role text(32), action text(64), subject_id uuid?,
    changes json, request_id text(255)?, address text(45)?, key_id uuid?
audit_events: pk(id)
audit_events: ck_audit_events_actor_role
audit_events: ix_audit_events_at_id(at,id)
audit_events: ix_audit_events_subject_id_at_id(subject_id,at,id)
audit_events: ix_audit_events_actor_id_at_id(actor_id,at,id)
audit_events: ix_audit_events_actor_id_action_at_id(actor_id,action,at,id)
audit_events: ix_audit_events_action_at_id(action,at,id)

attempts: subject bytes, count int, pending int, not_before time, expires_at time
attempts: pk(subject)
attempts: ck_attempts_count
attempts: ck_attempts_pending
attempts: ix_attempts_expires_at(expires_at)

locks: name text(32), holder bigint
locks: pk(name)

idempotency_keys: user_id uuid, caller_id uuid, key_digest bytes, request_digest bytes, answer bytes, expires_at time
idempotency_keys: pk(user_id)
idempotency_keys: fk_idempotency_keys_user_id(user_id)->users CASCADE
idempotency_keys: fk_idempotency_keys_caller_id(caller_id)->users CASCADE
idempotency_keys: uq_idempotency_keys_caller_id_key_digest(caller_id,key_digest)
idempotency_keys: ix_idempotency_keys_expires_at(expires_at)

known_networks: network_digest bytes, user_id uuid, expires_at time
known_networks: pk(network_digest)
known_networks: fk_known_networks_user_id(user_id)->users CASCADE
known_networks: ix_known_networks_user_id(user_id)
known_networks: ix_known_networks_expires_at(expires_at)
";

fn declared(ground: &Ground) -> BTreeSet<String> {
    let mut whole_lines = DECLARED.trim().replace(",\n    ", ", ").replace("\n    ", " ");
    if ground.raw.get_database_backend() == DbBackend::Sqlite {
        // There every integer has up to 64 bits.
        whole_lines = whole_lines.replace(" bigint", " int");
    }
    let mut declared: BTreeSet<String> =
        whole_lines.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect();
    if ground.raw.get_database_backend() == DbBackend::MySql {
        let checks = declared.iter().flat_map(|line| json_checks(line)).collect::<Vec<_>>();
        declared.extend(checks);
    }
    declared
}

/// The checks of JSON columns, which on MariaDB are text.
fn json_checks(table: &str) -> Vec<String> {
    let (table, columns) = table.split_once(": ").unwrap();
    let json = columns.split(", ").filter_map(|column| column.trim_end_matches('?').strip_suffix(" json"));
    json.map(|column| format!("{table}: ck_{table}_{column}")).collect()
}

async fn lines(ground: &Ground, sql: &str) -> Vec<(String, String)> {
    let rows = ground.rows(sql).await;
    rows.iter().map(|row| (row.try_get("", "t").unwrap(), row.try_get("", "line").unwrap())).collect()
}

/// Every table as lines like those above.
async fn found(ground: &Ground) -> BTreeSet<String> {
    let (columns, others, table_texts) = match ground.raw.get_database_backend() {
        DbBackend::Postgres => (POSTGRES_COLUMNS, POSTGRES_CONSTRAINTS, None),
        DbBackend::MySql => (MARIADB_COLUMNS, MARIADB_CONSTRAINTS, None),
        _ => (SQLITE_COLUMNS, SQLITE_CONSTRAINTS, Some(SQLITE_TABLES)),
    };
    let mut found = BTreeSet::new();
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for (table, column) in lines(ground, columns).await {
        let column = canonical(&column);
        match tables.last_mut() {
            Some((last, columns)) if *last == table => columns.push(column),
            _ => tables.push((table, vec![column])),
        }
    }
    found.extend(tables.into_iter().map(|(table, columns)| format!("{table}: {}", columns.join(", "))));
    found.extend(lines(ground, others).await.into_iter().map(|(table, line)| format!("{table}: {line}")));
    if let Some(sql) = table_texts {
        for (table, text) in lines(ground, sql).await {
            found.extend(named_in_text(&text).map(|line| format!("{table}: {line}")));
        }
    }
    found.retain(|line| !line.starts_with("seaql_migrations"));
    found
}

/// One name for each type on all three.
fn canonical(column: &str) -> String {
    let (name, kind) = column.split_once(' ').unwrap();
    let (kind, null) = kind.strip_suffix('?').map_or((kind, ""), |kind| (kind, "?"));
    let kind = match kind {
        "uuid_text" | "binary(16)" => "uuid",
        "boolean" | "tinyint(1)" => "bool",
        "timestamp_with_timezone_text" | "timestamp with time zone" | "datetime(6)" => "time",
        "jsonb_text" | "jsonb" | "longtext utf8mb4_bin" => "json",
        "blob(32)" | "binary(32)" | "blob" | "bytea" => "bytes",
        "bigint(20)" => "bigint",
        "integer" | "int(11)" => "int",
        // Text counts only with the collation that compares bytes.
        kind => match kind.strip_prefix("character varying").and_then(|rest| rest.strip_suffix(" C")) {
            Some(length) => &format!("text{length}"),
            None => match kind.strip_prefix("varchar") {
                Some(rest) => &format!("text{}", rest.strip_suffix(" utf8mb4_bin").unwrap_or(rest)),
                None => kind,
            },
        },
    };
    format!("{name} {kind}{null}")
}

/// The named constraints in a `CREATE TABLE` of SQLite, which keeps the names nowhere else.
fn named_in_text(text: &str) -> impl Iterator<Item = String> {
    text.split("CONSTRAINT \"").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once('"')?;
        if name.starts_with("ck_") {
            return Some(name.to_owned());
        }
        let words: Vec<_> = rest.split('"').collect();
        let action = rest.split_once("ON DELETE ")?.1.split([' ', ',']).next()?;
        name.starts_with("fk_").then(|| format!("{name}({})->{} {action}", words[1], words[3]))
    })
}

const SQLITE_COLUMNS: &str = r#"
    SELECT m.name AS t, p.name || ' ' || lower(p.type) || CASE WHEN p."notnull" THEN '' ELSE '?' END AS line
    FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY m.name, p.cid"#;

const SQLITE_CONSTRAINTS: &str = "
    SELECT m.name AS t, CASE WHEN l.origin = 'pk' THEN 'pk' ELSE l.name END || '(' ||
        (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) || ')' AS line
    FROM sqlite_master m, pragma_index_list(m.name) l WHERE m.type = 'table'";

const SQLITE_TABLES: &str = "SELECT name AS t, sql AS line FROM sqlite_master WHERE type = 'table'";

const POSTGRES_COLUMNS: &str = "
    SELECT c.relname::text AS t, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ||
        CASE WHEN l.collname = 'C' THEN ' C' ELSE '' END || CASE WHEN a.attnotnull THEN '' ELSE '?' END AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum";

const POSTGRES_CONSTRAINTS: &str = "
    SELECT c.relname::text AS t, CASE WHEN i.indisprimary AND x.relname = 'pk_' || c.relname THEN 'pk' ELSE x.relname END || '(' ||
        (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k(num, n)
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num) || ')' AS line
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT c.relname::text, o.conname || CASE WHEN o.contype = 'f' THEN '(' || a.attname || ')->' || f.relname ||
        CASE o.confdeltype WHEN 'c' THEN ' CASCADE' WHEN 'r' THEN ' RESTRICT' ELSE ' ?' END ELSE '' END
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid LEFT JOIN pg_class f ON f.oid = o.confrelid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.conkey[1]
    WHERE c.relnamespace = 'public'::regnamespace AND o.contype IN ('c', 'f')";

const MARIADB_COLUMNS: &str = "
    SELECT table_name AS t, CONCAT(column_name, ' ', column_type, IF(collation_name IS NULL, '', CONCAT(' ', collation_name)),
        IF(is_nullable = 'YES', '?', '')) AS line
    FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";

const MARIADB_CONSTRAINTS: &str = "
    SELECT table_name AS t, CONCAT(IF(index_name = 'PRIMARY', 'pk', index_name), '(',
        GROUP_CONCAT(column_name ORDER BY seq_in_index), ')') AS line
    FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name
    UNION ALL
    SELECT table_name, constraint_name FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE()
    UNION ALL
    SELECT k.table_name, CONCAT(k.constraint_name, '(', k.column_name, ')->', k.referenced_table_name, ' ', r.delete_rule)
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
    ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
    WHERE k.constraint_schema = DATABASE() AND k.referenced_table_name IS NOT NULL";

#[track_caller]
fn assert_same(found: &BTreeSet<String>, declared: &BTreeSet<String>) {
    let (more, less): (Vec<_>, Vec<_>) = (found.difference(declared).collect(), declared.difference(found).collect());
    assert!(more.is_empty() && less.is_empty(), "found and not declared: {more:#?}\ndeclared and not found: {less:#?}");
}

async fn the_schema_is_as_declared(ground: Ground) {
    assert_same(&found(&ground).await, &declared(&ground));
    // The names only promise it.
    let promised = declared(&ground).into_iter().filter_map(|line| {
        let name = line.split_once(": ")?.1.split('(').next()?.to_owned();
        name.starts_with("uq_").then_some(name)
    });
    assert_eq!(unique(&ground).await, promised.collect());
    assert_eq!(ground.count("locks").await, 3);
}

/// The indexes, but for those of primary keys, in which no two rows are alike.
async fn unique(ground: &Ground) -> BTreeSet<String> {
    let sql = match ground.raw.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT x.relname::text AS name FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
             WHERE x.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT i.indisprimary"
        }
        DbBackend::MySql => {
            "SELECT DISTINCT index_name AS name FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND non_unique = 0 AND index_name <> 'PRIMARY'"
        }
        _ => {
            "SELECT l.name AS name FROM sqlite_master m, pragma_index_list(m.name) l \
             WHERE m.type = 'table' AND l.\"unique\" AND l.origin <> 'pk'"
        }
    };
    ground.rows(sql).await.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

async fn migrations_go_down_and_up_again(ground: Ground) {
    let schema = ground.database.schema().await.unwrap();
    assert!(schema.is_current());
    let all = schema.applied.len();
    assert!(all > 5);

    ground.database.migrate_down(Some(2)).await.unwrap();
    let schema = ground.database.schema().await.unwrap();
    assert_eq!((schema.applied.len(), schema.pending.len()), (all - 2, 2));
    assert!(!schema.is_current());

    ground.database.migrate_down(None).await.unwrap();
    let schema = ground.database.schema().await.unwrap();
    assert_eq!((schema.applied.len(), schema.pending.len()), (0, all));
    let everything = match ground.raw.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL \
             SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        }
        DbBackend::MySql => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() UNION ALL \
             SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        }
        _ => "SELECT name FROM sqlite_master ",
    };
    let left: Vec<String> = ground.rows(everything).await.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    assert_eq!(left, Vec::<String>::new());

    ground.database.migrate().await.unwrap();
    assert_same(&found(&ground).await, &declared(&ground));

    ground.setting().manager("ann@example.com").await;
    ground.database.migrate_fresh().await.unwrap();
    assert_same(&found(&ground).await, &declared(&ground));
    assert_eq!((ground.count("users").await, ground.count("locks").await), (0, 3));
}

async fn what_is_no_json_is_refused_by_its_name_on_mariadb(ground: Ground) {
    if ground.raw.get_database_backend() != DbBackend::MySql {
        return;
    }
    let customer = ground.setting().customer("+998901234567", None).await;
    let set = format!("UPDATE customers SET metadata = 'no json' WHERE id = {}", ground.literal(customer.id));
    let refused = ground.run(&set).await.unwrap_err().to_string();
    assert!(refused.contains("ck_customers_metadata"), "{refused}");
}

async fn columns_that_are_left_out_have_their_default(ground: Ground) {
    let id = match ground.raw.get_database_backend() {
        DbBackend::Postgres => "'019ab000-0000-7000-8000-000000000001'",
        _ => "X'019ab000000070008000000000000001'",
    };
    let now = "'2026-01-01 00:00:00'";
    let user = format!(
        "INSERT INTO users (id, role, is_active, created_at, updated_at) VALUES ({id}, 'customer', TRUE, {now}, {now})"
    );
    ground.run(&user).await.unwrap();
    let customer = format!(
        "INSERT INTO customers (id, phone, created_by, created_at, updated_at) \
         VALUES ({id}, '+998901234567', {id}, {now}, {now})"
    );
    ground.run(&customer).await.unwrap();
    let user = &ground.rows("SELECT name_key, version FROM users").await[0];
    assert_eq!(user.try_get::<String>("", "name_key").unwrap(), "");
    assert_eq!(user.try_get::<i64>("", "version").unwrap(), 1);
    let customer = &ground.rows("SELECT metadata FROM customers").await[0];
    assert_eq!(customer.try_get::<serde_json::Value>("", "metadata").unwrap(), serde_json::json!({}));
}
