//! Sessions and their access tokens in any number. Signing in that often would take hours; so the keys are made here, the
//! service finds them in its database, and tokens are signed with its own code.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use auth::{AccessTokens, KeyRing, TokenSettings};
use chrono::TimeDelta;
use domain::audit::Event;
use domain::key::{StoredKey, TokenAlgorithm};
use domain::store::{KeyStore, StoreError};
use domain::value::Metadata;
use domain::{Clock, Customer, Email, Phone, Profile, Staff, SystemClock, Timestamp, User, UserId, VerificationMethod};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::database::value::Value;
use crate::outcome::Outcome;
use crate::people::{ADMIN, MANAGERS, Part, People, manager_email, phone};

/// How long the tokens are good: longer than any run.
pub(crate) const TTL: TimeDelta = TimeDelta::days(1);

/// What the service is told to be called, since its tokens are made before it listens.
pub(crate) const ISSUER: &str = "http://clientele.bench";

/// Access tokens of living sessions, once their rows are stored.
pub(crate) struct Tokens {
    pub(crate) admin: String,
    /// One of each manager.
    pub(crate) managers: Vec<String>,
    /// One of each of the first customers.
    pub(crate) customers: Vec<String>,
}

/// Tokens for the admin, the managers and so many customers, and the rows that make them good.
pub(crate) async fn make(people: &People, customers: usize) -> Outcome<(Tokens, [Part; 2])> {
    let keys = Arc::new(Keys::default());
    let ring = KeyRing::open(keys.clone(), Arc::new(SystemClock), None, TokenAlgorithm::Es256).await?;
    let settings = TokenSettings { issuer: ISSUER.to_owned(), ttl: TTL, ..TokenSettings::default() };
    let mut desk =
        Desk { tokens: AccessTokens::new(Arc::new(ring), Arc::new(SystemClock), settings), rows: Vec::new() };
    let admin = desk.sign_in(people.admin(), Profile::Admin(staff(ADMIN)?))?;
    let managers = (0..MANAGERS)
        .map(|number| desk.sign_in(people.manager(number), Profile::Manager(staff(&manager_email(number))?)));
    let managers = managers.collect::<Outcome<_>>()?;
    let customers = (0..customers)
        .map(|number| desk.sign_in(people.customer(number), Profile::Customer(customer(people, number)?)))
        .collect::<Outcome<_>>()?;
    let keys: Vec<_> = keys.all().iter().map(key).collect();
    let parts = [
        Part { table: "server_keys", columns: KEYS, rows: Box::new(keys.into_iter()) },
        Part { table: "sessions", columns: SESSIONS, rows: Box::new(desk.rows.into_iter()) },
    ];
    Ok((Tokens { admin, managers, customers }, parts))
}

/// Where sessions begin.
struct Desk {
    tokens: AccessTokens,
    rows: Vec<Vec<Value>>,
}

impl Desk {
    fn sign_in(&mut self, id: Uuid, profile: Profile) -> Outcome<String> {
        let (session, now) = (SystemClock.new_id(), SystemClock.now());
        let user = User {
            id: UserId::from(id),
            profile,
            display_name: None,
            is_active: true,
            verified_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        self.rows.push(row(session, id, now));
        Ok(self.tokens.issue(&user, session.into())?.0.expose_secret().to_owned())
    }
}

fn staff(email: &str) -> Outcome<Staff> {
    let email = Email::parse(email)?;
    Ok(Staff { email, phone: None, tin_trunk_number: None, verification_method: VerificationMethod::Email })
}

fn customer(people: &People, number: usize) -> Outcome<Customer> {
    Ok(Customer {
        phone: Phone::parse(&phone(number))?,
        created_by: people.admin().into(),
        assigned_manager_id: Some(people.manager(number).into()),
        metadata: Metadata::default(),
    })
}

/// A session whose refresh token nobody has.
fn row(id: Uuid, owner: Uuid, now: Timestamp) -> Vec<Value> {
    let at = Value::Time(now);
    vec![
        Value::Id(id),
        Value::Id(owner),
        at.clone(),
        at.clone(),
        Value::Time(now + TimeDelta::days(30)),
        "127.0.0.1".into(),
        "clientele-bench".into(),
        Value::Bytes([id.into_bytes(), id.into_bytes()].concat()),
        Value::Null,
        Value::Number(0),
        at,
    ]
}

fn key(key: &StoredKey) -> Vec<Value> {
    vec![
        key.id.as_str().into(),
        key.purpose.as_str().into(),
        key.algorithm.map_or(Value::Null, |algorithm| algorithm.as_str().into()),
        Value::Bytes(key.secret.clone()),
        Value::Bool(key.is_sealed),
        Value::Time(key.created_at),
        Value::Time(key.active_from),
        key.retired_at.map_or(Value::Null, Value::Time),
    ]
}

const KEYS: &[&str] = &["id", "purpose", "algorithm", "secret", "is_sealed", "created_at", "active_from", "retired_at"];
const SESSIONS: &[&str] = &[
    "id",
    "user_id",
    "created_at",
    "last_used_at",
    "expires_at",
    "address",
    "user_agent",
    "refresh_digest",
    "spent_digest",
    "renewals",
    "proven_at",
];

/// The keys, on their way into a database.
#[derive(Default)]
struct Keys(Mutex<Vec<StoredKey>>);

impl Keys {
    fn all(&self) -> Vec<StoredKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl KeyStore for Keys {
    async fn list_keys(&self, _: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        Ok(self.all())
    }

    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(keys);
        Ok(())
    }

    async fn rotate_key(&self, _: &StoredKey, _: Timestamp, _: &Event) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("keys are not rotated during a benchmark".into()))
    }

    async fn seal_keys(&self, _: &[StoredKey]) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("keys are not sealed during a benchmark".into()))
    }
}
