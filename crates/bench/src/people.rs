//! Who is in the databases: an admin, managers, and customers spread evenly over the managers. Numbers make them, so that
//! every run has the same people but for the times.

use chrono::{DateTime, TimeDelta, Utc};
use domain::value::search_key;
use uuid::{Builder, Uuid};

use crate::database::value::{Rows, Value};

pub(crate) const MANAGERS: usize = 200;
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const ADMIN: &str = "admin@example.com";

/// The people of one database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct People {
    pub(crate) customers: usize,
    /// When the first was entered.
    began: DateTime<Utc>,
}

/// A table with rows for it.
pub(crate) struct Part {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Rows,
}

impl People {
    /// So many customers, the last of whom was entered shortly before now.
    pub(crate) fn until(now: DateTime<Utc>, customers: usize) -> Self {
        let all = i64::try_from(1 + MANAGERS + customers).unwrap_or(i64::MAX / 1_000_000);
        Self { customers, began: now - TimeDelta::hours(1) - TimeDelta::milliseconds(all) }
    }

    pub(crate) fn admin(&self) -> Uuid {
        self.id(0)
    }

    /// The id of a manager, from 0 on.
    pub(crate) fn manager(&self, number: usize) -> Uuid {
        self.id(1 + number % MANAGERS)
    }

    /// The id of a customer, from 0 on.
    pub(crate) fn customer(&self, number: usize) -> Uuid {
        self.id(1 + MANAGERS + number)
    }

    /// Everybody, as the service stores them. `hash` is of everybody's password.
    pub(crate) fn rows(self, hash: &str) -> [Part; 3] {
        let staff: Vec<_> = (0..=MANAGERS).map(|place| self.staff(place, hash)).collect();
        let users = (0..=MANAGERS).map(move |place| self.staff_user(place));
        let users = users.chain((0..self.customers).map(move |number| self.customer_user(number)));
        [
            Part { table: "users", columns: USERS, rows: Box::new(users) },
            Part { table: "admin_managers", columns: STAFF, rows: Box::new(staff.into_iter()) },
            Part {
                table: "customers",
                columns: CUSTOMERS,
                rows: Box::new((0..self.customers).map(move |number| self.customer_profile(number))),
            },
        ]
    }

    /// One a millisecond, with some microseconds that no database may cut off.
    fn entered(&self, place: usize) -> DateTime<Utc> {
        self.began + TimeDelta::milliseconds(i64::try_from(place).unwrap_or(0))
    }

    /// A UUID of version 7 of that moment; the rest of it is the number, mixed.
    fn id(&self, place: usize) -> Uuid {
        let millis = u64::try_from(self.entered(place).timestamp_millis()).unwrap_or(0);
        let mut rest = [0; 10];
        rest[..8].copy_from_slice(&mixed(place as u64).to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }

    fn staff_user(&self, place: usize) -> Vec<Value> {
        let (role, name) = if place == 0 { ("admin", "Admin".to_owned()) } else { ("manager", manager_name(place)) };
        self.user(place, role, &name)
    }

    fn customer_user(&self, number: usize) -> Vec<Value> {
        self.user(1 + MANAGERS + number, "customer", &customer_name(number))
    }

    fn user(&self, place: usize, role: &'static str, name: &str) -> Vec<Value> {
        let at = Value::Time(self.entered(place));
        vec![
            Value::Id(self.id(place)),
            role.into(),
            Value::Bool(true),
            name.into(),
            search_key(name).into(),
            Value::Null,
            at.clone(),
            at,
            Value::Number(1),
        ]
    }

    fn staff(&self, place: usize, hash: &str) -> Vec<Value> {
        let email = if place == 0 { ADMIN.to_owned() } else { manager_email(place - 1) };
        let at = Value::Time(self.entered(place));
        vec![
            Value::Id(self.id(place)),
            email.as_str().into(),
            search_key(&email).into(),
            hash.into(),
            Value::Null,
            "email".into(),
            Value::Null,
            at.clone(),
            at,
        ]
    }

    fn customer_profile(&self, number: usize) -> Vec<Value> {
        let at = Value::Time(self.entered(1 + MANAGERS + number));
        let metadata = if number.is_multiple_of(3) { r#"{"tier":"gold"}"# } else { "{}" };
        vec![
            Value::Id(self.customer(number)),
            phone(number).into(),
            Value::Id(self.admin()),
            Value::Id(self.manager(number)),
            Value::Json(metadata.to_owned()),
            search_key(&customer_name(number)).into(),
            at.clone(),
            at,
        ]
    }
}

pub(crate) fn manager_email(number: usize) -> String {
    format!("manager{}@example.com", number % MANAGERS + 1)
}

/// A number that no one has: the area 555 is for examples.
pub(crate) fn phone(number: usize) -> String {
    format!("+1555{number:08}")
}

pub(crate) fn customer_name(number: usize) -> String {
    format!("Customer {}", number + 1)
}

fn manager_name(place: usize) -> String {
    format!("Manager {place}")
}

const USERS: &[&str] =
    &["id", "role", "is_active", "display_name", "name_key", "verified_at", "created_at", "updated_at", "version"];
const STAFF: &[&str] = &[
    "id",
    "email",
    "email_key",
    "password_hash",
    "tin_trunk_number",
    "verification_method",
    "phone",
    "created_at",
    "updated_at",
];
const CUSTOMERS: &[&str] =
    &["id", "phone", "created_by", "assigned_manager_id", "metadata", "name_key", "created_at", "updated_at"];

/// Spreads a number over 64 bits: the last step of `SplitMix64`.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use domain::{Clock, Phone, SystemClock};

    use super::*;

    #[test]
    fn people_are_what_the_service_would_store() {
        let people = People::until(SystemClock.now(), 1000);
        for part in people.rows("hash") {
            let rows: Vec<_> = part.rows.collect();
            assert!(rows.iter().all(|row| row.len() == part.columns.len()), "{}", part.table);
        }
        assert!(Phone::parse(&phone(999)).is_ok());
        assert_eq!(people.admin().get_version_num(), 7);
    }

    #[test]
    fn nobody_has_the_id_of_another() {
        let people = People::until(SystemClock.now(), 1000);
        let mut ids: Vec<_> = (0..1000).map(|number| people.customer(number)).collect();
        ids.extend((0..MANAGERS).map(|number| people.manager(number)));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1000 + MANAGERS);
    }
}
