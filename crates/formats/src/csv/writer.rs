//! Writes CSV.

use std::collections::BTreeMap;

use domain::{Email, Profile, User, UserId};
use serde_json::Value;

use super::columns::{BYTE_ORDER_MARK, EXPORTED};
use super::formula::defused;
use crate::time::rfc3339;

/// The header.
pub(crate) fn head(byte_order_mark: bool) -> Result<Vec<u8>, csv::Error> {
    let mark: &[u8] = if byte_order_mark { &BYTE_ORDER_MARK } else { &[] };
    Ok([mark, &written(|writer| writer.write_record(EXPORTED))?].concat())
}

/// A line for each person.
pub(crate) fn rows(people: &[User], emails: &BTreeMap<UserId, Email>) -> Result<Vec<u8>, csv::Error> {
    written(|writer| people.iter().try_for_each(|user| writer.write_record(cells(user, emails))))
}

fn written(
    write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

/// The cells in the order of [`EXPORTED`].
fn cells(user: &User, emails: &BTreeMap<UserId, Email>) -> [String; EXPORTED.len()] {
    let (staff, customer) = (user.staff(), user.customer());
    let manager = customer.and_then(|customer| customer.assigned_manager_id);
    let metadata = customer.map(|customer| Value::Object(customer.metadata.as_object().clone()));
    let method = match &user.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => staff.verification_method.as_str(),
        Profile::Customer(_) => "",
    };
    [
        // Digits after a `+`, which no spreadsheet runs.
        shown(user.phone()),
        defused(&shown(user.display_name.as_ref())),
        defused(&shown(manager.and_then(|id| emails.get(&id)).map(Email::shown))),
        shown(metadata),
        user.id.to_string(),
        user.role().to_string(),
        user.is_active.to_string(),
        shown(user.verified_at.map(rfc3339)),
        defused(&shown(staff.map(|staff| staff.email.shown()))),
        defused(&shown(staff.and_then(|staff| staff.tin_trunk_number.as_ref()))),
        method.to_owned(),
        shown(customer.map(|customer| customer.created_by)),
        shown(manager),
        rfc3339(user.created_at),
        rfc3339(user.updated_at),
    ]
}

fn shown(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
