//! What the database itself refuses, whoever asks, and what is made of its refusals.

use std::error::Error;

use clientele_persistence::{Database, Options};
use domain::Field;
use domain::audit::EventKind;
use domain::store::{SessionStore, SetupStore, StoreError, UserStore, WriteError};
use domain::testing::{FixedClock, account, customer, event, manager, session};
use domain::{Clock, Scope, User};
use sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};

use super::backends::{BY, Ground, Setting, tests};

tests! {
    every store:;

    every database:
    words_that_are_no_choice_are_refused,
    numbers_out_of_range_are_refused,
    codes_to_a_phone_need_one,
    rows_that_belong_to_nobody_are_refused,
    people_with_customers_are_not_deleted,
    a_deleted_person_takes_their_own_rows_along,
    audit_events_are_kept,
    each_unique_constraint_is_told_by_its_field,
    an_email_that_looks_like_a_constraint_is_told_right,
    other_refusals_are_failures_without_values,
    a_lock_that_is_not_let_go_is_unavailability;
}

/// A manager, their customer, and a way to write what no store would.
struct Office {
    ground: Ground,
    setting: Setting,
    manager: User,
    customer: User,
}

impl Office {
    async fn new(ground: Ground) -> Self {
        let setting = ground.setting();
        let manager = setting.manager("ann@example.com").await;
        let customer = setting.customer("+998901234567", Some(&manager)).await;
        let begun = session(&setting.clock, manager.id);
        let event = event(&setting.clock, EventKind::SessionStarted, Some(manager.id));
        setting.store.start_session(&begun, &event).await.unwrap();
        Self { ground, setting, manager, customer }
    }

    fn id(&self, id: uuid::Uuid) -> String {
        match self.ground.raw.get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.simple()),
        }
    }

    fn new_id(&self) -> String {
        self.id(self.setting.clock.new_id())
    }

    /// Runs SQL in which `$id` is a new id, `$manager` and `$customer` are those people's, and `$digest` is one.
    async fn run(&self, sql: &str) -> Result<u64, String> {
        let digest = match self.ground.raw.get_database_backend() {
            DbBackend::Postgres => format!("'\\x{}'", "00".repeat(32)),
            _ => format!("X'{}'", "00".repeat(32)),
        };
        let sql = sql
            .replace("$id", &self.new_id())
            .replace("$manager", &self.id(self.manager.id.as_uuid()))
            .replace("$customer", &self.id(self.customer.id.as_uuid()))
            .replace("$digest", &digest)
            .replace("$now", "'2026-01-01 00:00:00'");
        self.ground.run(&sql).await.map_err(|error| error.to_string())
    }

    async fn refuses(&self, sql: &str, name: &str) {
        let error = self.run(sql).await.expect_err(name);
        // SQLite does not say which foreign key.
        let sqlite_key = error.contains("FOREIGN KEY constraint failed") && name.starts_with("fk_");
        assert!(sqlite_key || error.contains(name), "{name}: {error}");
    }
}

const CHALLENGE: &str = "INSERT INTO challenges \
    (id, purpose, subject, channel, contact, code_digest, tries, created_at, expires_at) \
    VALUES ($id, 'invitation', $digest, 'email', '', $digest, 0, $now, $now)";

const API_KEY: &str = "INSERT INTO api_keys \
    (id, owner_id, owner_role, name, scopes, networks, digest, created_at, expires_at) \
    VALUES ($id, $manager, 'manager', 'k', '', '', $digest, $now, $now)";

async fn words_that_are_no_choice_are_refused(ground: Ground) {
    let office = Office::new(ground).await;
    let user = "INSERT INTO users (id, role, is_active, created_at, updated_at) VALUES ($id, 'root', TRUE, $now, $now)";
    office.refuses(user, "ck_users_role").await;
    office.run(&user.replace("root", "admin")).await.unwrap();
    for role in ["Admin", "", "ADMIN"] {
        office.refuses(&user.replace("root", role), "ck_users_role").await;
    }
    let update = "UPDATE admin_managers SET verification_method = 'fax', phone = '+998901234567'";
    office.refuses(update, "ck_admin_managers_verification_method").await;
    office.refuses(&CHALLENGE.replace("invitation", "x"), "ck_challenges_purpose").await;
    office.refuses(&CHALLENGE.replace("'email'", "'fax'"), "ck_challenges_channel").await;
    office.refuses(&API_KEY.replace("'manager'", "'customer'"), "ck_api_keys_owner_role").await;
    office.run(CHALLENGE).await.unwrap();
    let outbox = "INSERT INTO outbox \
        (id, channel, recipient, purpose, challenge_id, sealed_code, created_at, expires_at, attempts, next_attempt_at) \
        SELECT $id, 'email', '', 'invitation', id, $digest, $now, $now, 0, $now FROM challenges";
    office.refuses(&outbox.replace("'email'", "'fax'"), "ck_outbox_channel").await;
    office.refuses(&outbox.replace("invitation", "x"), "ck_outbox_purpose").await;
    office.refuses(&outbox.replace("$now, 0, $now", "$now, -1, $now"), "ck_outbox_attempts").await;
    office.run(outbox).await.unwrap();
    let key = "INSERT INTO server_keys (id, purpose, secret, is_sealed, created_at, active_from) \
        VALUES ('k', 'door', $digest, FALSE, $now, $now)";
    office.refuses(key, "ck_server_keys_purpose").await;
    office.run(&key.replace("door", "codes")).await.unwrap();
    let event = "INSERT INTO audit_events (id, at, actor_role, action, changes) VALUES ($id, $now, 'root', 'x', '{}')";
    office.refuses(event, "ck_audit_events_actor_role").await;
    office.run(&event.replace("root", "system")).await.unwrap();
}

async fn numbers_out_of_range_are_refused(ground: Ground) {
    let office = Office::new(ground).await;
    office.refuses("UPDATE users SET version = 0", "ck_users_version").await;
    office.refuses("UPDATE sessions SET renewals = -1", "ck_sessions_renewals").await;
    office.run(CHALLENGE).await.unwrap();
    for tries in ["6", "-1"] {
        let update = format!("UPDATE challenges SET tries = {tries}");
        office.refuses(&update, "ck_challenges_tries").await;
    }
}

async fn codes_to_a_phone_need_one(ground: Ground) {
    let office = Office::new(ground).await;
    let update = "UPDATE admin_managers SET verification_method = 'whatsapp'";
    office.refuses(update, "ck_admin_managers_phone").await;
    office.run(&format!("{update}, phone = '+998901234567'")).await.unwrap();
}

async fn rows_that_belong_to_nobody_are_refused(ground: Ground) {
    let office = Office::new(ground).await;
    for (sql, key) in [
        ("UPDATE customers SET created_by = $id", "fk_customers_created_by"),
        ("UPDATE customers SET assigned_manager_id = $id", "fk_customers_assigned_manager_id"),
        ("UPDATE sessions SET user_id = $id", "fk_sessions_user_id"),
        (&API_KEY.replace("$manager", "$id"), "fk_api_keys_owner_id"),
        (
            "INSERT INTO customers (id, phone, created_by, created_at, updated_at) VALUES ($id, '+1', $manager, $now, $now)",
            "fk_customers_id",
        ),
        (
            "INSERT INTO admin_managers (id, email, password_hash, verification_method, created_at, updated_at) \
             VALUES ($id, 'x', 'x', 'email', $now, $now)",
            "fk_admin_managers_id",
        ),
    ] {
        office.refuses(sql, key).await;
    }
    office.run(CHALLENGE).await.unwrap();
    office.refuses("UPDATE challenges SET user_id = $id", "fk_challenges_user_id").await;
}

async fn people_with_customers_are_not_deleted(ground: Ground) {
    let office = Office::new(ground).await;
    office.refuses("DELETE FROM users WHERE id = $manager", "fk_customers_").await;
    office.run("UPDATE customers SET created_by = $customer").await.unwrap();
    office.refuses("DELETE FROM users WHERE id = $manager", "fk_customers_assigned_manager_id").await;
    office.run("UPDATE customers SET assigned_manager_id = NULL").await.unwrap();
    assert_eq!(office.run("DELETE FROM users WHERE id = $manager").await, Ok(1));
}

async fn a_deleted_person_takes_their_own_rows_along(ground: Ground) {
    let office = Office::new(ground).await;
    let before = office.ground.count("audit_events").await;
    office.run(API_KEY).await.unwrap();
    office.run("DELETE FROM customers").await.unwrap();
    office.run("DELETE FROM users").await.unwrap();
    for table in ["users", "admin_managers", "customers", "sessions", "api_keys"] {
        assert_eq!(office.ground.count(table).await, 0, "{table}");
    }
    assert_eq!(office.ground.count("audit_events").await, before);
}

async fn audit_events_are_kept(ground: Ground) {
    let office = Office::new(ground).await;
    for sql in [
        "DELETE FROM audit_events",
        "UPDATE audit_events SET id = $id",
        "UPDATE audit_events SET at = '2027-01-01 00:00:00'",
        "UPDATE audit_events SET actor_id = $id",
        "UPDATE audit_events SET actor_role = 'system'",
        "UPDATE audit_events SET action = 'other'",
        "UPDATE audit_events SET subject_id = NULL",
        "UPDATE audit_events SET request_id = 'other'",
        "UPDATE audit_events SET key_id = $id",
        "UPDATE audit_events SET address = '192.0.2.1'",
    ] {
        office.refuses(sql, "audit events are kept").await;
    }
    if office.ground.raw.get_database_backend() == DbBackend::Postgres {
        office.refuses("TRUNCATE audit_events", "audit events are kept").await;
    }
    // What an erasure has to do.
    office.run("UPDATE audit_events SET changes = '{}', address = NULL").await.unwrap();
}

async fn each_unique_constraint_is_told_by_its_field(ground: Ground) {
    let office = Office::new(ground).await;
    let store = office.ground.store();
    let clock = &office.setting.clock;
    for (user, field) in
        [(manager(clock, "ann@example.com"), Field::Email), (customer(clock, "+998901234567", None), Field::Phone)]
    {
        let refused = office.setting.try_enter(&user).await;
        assert!(matches!(refused, Err(WriteError::Taken(taken)) if taken == field), "{refused:?}");
        assert_eq!(store.find_user(Scope::All, user.id).await.unwrap(), None);
    }
}

async fn an_email_that_looks_like_a_constraint_is_told_right(ground: Ground) {
    let office = Office::new(ground).await;
    for address in ["uq_customers_phone@example.com", "a'uq_customers_phone'@example.com"] {
        office.setting.manager(address).await;
        let again = manager(&office.setting.clock, address);
        let refused = office.setting.try_enter(&again).await;
        assert!(matches!(refused, Err(WriteError::Taken(Field::Email))), "{refused:?}");
    }
}

async fn other_refusals_are_failures_without_values(ground: Ground) {
    let office = Office::new(ground).await;
    let store = office.ground.store();
    let clock = &office.setting.clock;
    let mut twice = manager(clock, "secret@example.com");
    twice.id = office.manager.id;
    let started = || event(clock, EventKind::SessionStarted, None);
    let of_nobody = session(clock, clock.new_id().into());
    let foreign = store.start_session(&of_nobody, &started()).await.unwrap_err();
    assert!(matches!(foreign, WriteError::Stale), "{foreign:?}");
    let mut begun = session(clock, office.manager.id);
    store.start_session(&begun, &started()).await.unwrap();
    begun.user_agent = Some("secret@example.com".to_owned());
    let person = store.create_account(BY, &account(&twice), &[started()]).await.unwrap_err();
    let session = store.start_session(&begun, &started()).await.unwrap_err();
    for error in [person, session] {
        let WriteError::Store(StoreError::Failed(cause)) = &error else { panic!("{error:?}") };
        let mut text = format!("{error:?} {cause}");
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text} {cause} {cause:?}");
            source = cause.source();
        }
        assert!(!text.contains("secret@"), "{text}");
        assert!(!text.contains(&twice.id.to_string()), "{text}");
    }
}

async fn a_lock_that_is_not_let_go_is_unavailability(ground: Ground) {
    let clock = FixedClock::default();
    let options = Options { lock_timeout: std::time::Duration::from_millis(1100), ..Options::default() };
    let store = Database::connect(ground.test.url(), &options).await.unwrap().store();
    let held = ground.raw.begin().await.unwrap();
    held.execute_unprepared("UPDATE locks SET holder = holder + 1").await.unwrap();
    let began = std::time::Instant::now();
    let refused = store.add_setup_token(&[1; 32], clock.now()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(began.elapsed().as_secs() < 40, "{:?}", began.elapsed());
    held.rollback().await.unwrap();
    assert!(store.add_setup_token(&[1; 32], clock.now()).await.unwrap());
}
