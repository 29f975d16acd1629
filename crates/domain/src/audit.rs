//! The record of who did what to whom, and what is asked of it. An event is written with the act, or the act does not
//! happen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::{Actor, Identity};
use crate::clock::{Clock, Timestamp};
use crate::id::{ApiKeyId, EventId, UserId, derived};
use crate::names::named;
use crate::page::{Page, PageSize};
use crate::user::{Profile, User};

named! {
    /// What happened.
    EventKind {
        /// A person was entered.
        UserCreated => "user.created",
        /// A person or their profile was changed.
        UserUpdated => "user.updated",
        /// A person was erased for good.
        UserErased => "user.erased",
        /// A customer got another manager, or none.
        CustomerAssigned => "customer.assigned",
        /// Somebody signed in.
        SessionStarted => "session.started",
        /// A session was ended, by its owner, an admin or a rule.
        SessionEnded => "session.ended",
        /// Somebody who is signed in gave their password again.
        SessionReauthenticated => "session.reauthenticated",
        /// A person changed their password.
        PasswordChanged => "password.changed",
        /// A person set a new password by code.
        PasswordReset => "password.reset",
        /// A sign-in was refused.
        SigninFailed => "signin.failed",
        /// A sign-up waits for an admin.
        SignupRequested => "signup.requested",
        /// A new signing key was made.
        KeyRotated => "key.rotated",
        /// An API key was made.
        KeyCreated => "key.created",
        /// An API key was revoked.
        KeyRevoked => "key.revoked",
        /// A file of customers was imported, or looked at in a dry run.
        UsersImported => "users.imported",
        /// People were written to a file.
        UsersExported => "users.exported",
        /// Everything stored about a person was read.
        DataRead => "user.data_read",
        /// Somebody was told that a phone is taken by a customer whom they may not see.
        PhoneTakenTold => "phone_taken.told",
    }
}

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identifies the entry; time-ordered.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// Who acted, if it was a person.
    pub actor_id: Option<UserId>,
    /// The API key that they came in by, if they did.
    pub key_id: Option<ApiKeyId>,
    /// The actor's role, `system` or `anonymous`.
    pub actor_role: String,
    /// What happened.
    pub kind: EventKind,
    /// To whom.
    pub subject_id: Option<UserId>,
    /// What changed. It never holds secrets.
    pub changes: Changes,
    /// The request that did it.
    pub request_id: Option<String>,
    /// The address it came from.
    pub address: Option<IpAddr>,
}

/// What changed, by field.
pub type Changes = BTreeMap<String, Change>;

/// One field before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Before.
    pub from: Value,
    /// After.
    pub to: Value,
}

impl Event {
    /// An entry about `subject`, done now by `actor`.
    pub fn new(clock: &dyn Clock, actor: &Actor, kind: EventKind, subject: Option<UserId>) -> Self {
        let actor_role = match actor.identity {
            Identity::User { role, .. } => role.as_str(),
            Identity::System(_) => "system",
            Identity::Anonymous => "anonymous",
        };
        Self {
            id: clock.new_id().into(),
            at: clock.now(),
            actor_id: actor.id(),
            key_id: actor.api_key(),
            actor_role: actor_role.to_owned(),
            kind,
            subject_id: subject,
            changes: Changes::new(),
            request_id: actor.origin.request_id.clone(),
            address: actor.origin.address,
        }
    }

    /// An entry about something that followed from this one, by the same actor at the same moment. Stores use it, since
    /// only they know whether anything followed, and they have no clock.
    #[must_use]
    pub fn following(&self, kind: EventKind, subject: UserId) -> Self {
        let nth = EventKind::ALL.iter().position(|other| *other == kind).and_then(|nth| u8::try_from(nth).ok());
        let id = derived(self.id.as_uuid(), nth.unwrap_or(u8::MAX)).into();
        Self { id, kind, subject_id: Some(subject), changes: Changes::new(), ..self.clone() }
    }

    /// The same entry with what changed.
    #[must_use]
    pub fn with_changes(mut self, changes: Changes) -> Self {
        self.changes = changes;
        self
    }

    /// The same entry with facts added to the changes, such as counts or a reason.
    #[must_use]
    pub fn with_facts<V: Into<Value>>(mut self, facts: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        let change = |value: V| Change { from: Value::Null, to: value.into() };
        self.changes.extend(facts.into_iter().map(|(name, value)| (name.to_owned(), change(value))));
        self
    }
}

/// Every field that differs between two states of a person. `before` is `None` for a new person.
#[must_use]
pub fn changes(before: Option<&User>, after: &User) -> Changes {
    let old = before.map(fields).unwrap_or_default();
    let mut changes = Changes::new();
    for (field, to) in fields(after) {
        let from = old.get(field).cloned().unwrap_or(Value::Null);
        if from != to {
            changes.insert(field.to_owned(), Change { from, to });
        }
    }
    changes
}

/// The fields that say nothing about who somebody is. All other fields count as personal.
const IMPERSONAL: &[&str] = &[
    "assigned_manager_id",
    "assigned_customers",
    "challenges",
    "complete",
    "created",
    "created_by",
    "created_customers",
    "dry_run",
    "errors",
    "expires_at",
    "is_active",
    "key",
    "people",
    "reason",
    "role",
    "scopes",
    "sessions",
    "skipped",
    "updated",
    "verification_method",
    "verified_at",
];

/// Replaces a personal value.
pub const ERASED: &str = "[erased]";

/// The changes without personal values, for a person who was erased; `None` when there are no personal values. The
/// names of the fields stay.
#[must_use]
pub fn blanked(changes: &Changes) -> Option<Changes> {
    let blank = |value: &Value| if value.is_null() { Value::Null } else { ERASED.into() };
    let blanked = changes.iter().map(|(field, change)| {
        let is_personal = !IMPERSONAL.contains(&field.as_str());
        let blanked = Change { from: blank(&change.from), to: blank(&change.to) };
        (field.clone(), if is_personal { blanked } else { change.clone() })
    });
    Some(blanked.collect()).filter(|blanked| blanked != changes)
}

fn fields(user: &User) -> BTreeMap<&'static str, Value> {
    let mut fields = BTreeMap::from([
        ("role", Value::from(user.role().as_str())),
        ("is_active", Value::from(user.is_active)),
        ("display_name", user.display_name.as_ref().map(ToString::to_string).into()),
        ("phone", user.phone().map(ToString::to_string).into()),
        ("verified_at", user.verified_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)).into()),
    ]);
    match &user.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => {
            fields.insert("email", staff.email.shown().into());
            fields.insert("tin_trunk_number", staff.tin_trunk_number.as_ref().map(ToString::to_string).into());
            fields.insert("verification_method", staff.verification_method.as_str().into());
        }
        Profile::Customer(customer) => {
            fields.insert("created_by", customer.created_by.to_string().into());
            fields.insert("assigned_manager_id", customer.assigned_manager_id.map(|id| id.to_string()).into());
            fields.insert("metadata", Value::Object(customer.metadata.as_object().clone()));
        }
    }
    fields
}

/// A page of the audit trail, newest first.
pub type EventPage = Page<Event, EventCursor>;

/// The place in the audit trail after which the next page begins: that of the last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventCursor {
    /// When the last entry happened.
    pub at: Timestamp,
    /// The last entry.
    pub id: EventId,
}

impl EventCursor {
    /// The place of an entry. Later places are greater.
    #[must_use]
    pub fn at(event: &Event) -> Self {
        Self { at: event.at, id: event.id }
    }
}

/// Which entries a list holds. An entry must match every part that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only what this person did.
    pub actor: Option<UserId>,
    /// Only what was done to this person.
    pub subject: Option<UserId>,
    /// Only this.
    pub kind: Option<EventKind>,
    /// Only what happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Only what happened before this moment.
    pub to: Option<Timestamp>,
}

impl EventFilter {
    /// Whether the list holds this entry.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.actor.is_none_or(|id| event.actor_id == Some(id))
            && self.subject.is_none_or(|id| event.subject_id == Some(id))
            && self.kind.is_none_or(|kind| event.kind == kind)
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at < to)
    }
}

/// A query for a page of the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Which entries.
    pub filter: EventFilter,
    /// After which place.
    pub after: Option<EventCursor>,
    /// How many.
    pub size: PageSize,
    /// Whether to count the entries of all pages.
    pub include_total: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_personal_is_blanked_and_nothing_else() {
        let changes: Changes = serde_json::from_value(json!({
            "role": { "from": null, "to": "customer" },
            "assigned_manager_id": { "from": null, "to": "01936f5e-0000-7000-8000-000000000001" },
            "phone": { "from": null, "to": "+998901234567" },
            "metadata": { "from": {}, "to": { "vat": 7 } },
            "something_new": { "from": "a", "to": null },
            "verified_at": { "from": "2026-01-01T12:00:00.000000Z", "to": null },
            "created_by": { "from": null, "to": "01936f5e-0000-7000-8000-000000000001" },
        }))
        .unwrap();
        let blanked = blanked(&changes).unwrap();
        let expected = json!({
            "role": { "from": null, "to": "customer" },
            "assigned_manager_id": { "from": null, "to": "01936f5e-0000-7000-8000-000000000001" },
            "phone": { "from": null, "to": "[erased]" },
            "metadata": { "from": "[erased]", "to": "[erased]" },
            "something_new": { "from": "[erased]", "to": null },
            "verified_at": { "from": "2026-01-01T12:00:00.000000Z", "to": null },
            "created_by": { "from": null, "to": "01936f5e-0000-7000-8000-000000000001" },
        });
        assert_eq!(serde_json::to_value(&blanked).unwrap(), expected);
        assert_eq!(super::blanked(&blanked), None, "there is nothing left to blank");
        assert_eq!(super::blanked(&Changes::new()), None);
    }

    #[test]
    fn whoever_entered_a_customer_and_whether_they_are_proven_is_told() {
        let clock = crate::testing::FixedClock::default();
        let mut customer = crate::testing::customer(&clock, "+998901234567", None);
        let told = changes(None, &customer);
        assert_eq!(told["created_by"].to, json!(customer.id.to_string()));
        assert!(!told.contains_key("verified_at"), "nothing is proven yet");
        let before = customer.clone();
        customer.verified_at = Some(clock.now());
        let at = json!("2026-01-01T12:00:00.000000Z");
        assert_eq!(changes(Some(&before), &customer)["verified_at"], Change { from: Value::Null, to: at.clone() });
        assert_eq!(changes(Some(&customer), &before)["verified_at"], Change { from: at, to: Value::Null });
    }

    #[test]
    fn the_documentation_lists_every_action() {
        let document = include_str!("../../../docs/audit.md");
        let listed: Vec<_> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(action, _)| action))
            .filter(|action| action.contains('.'))
            .collect();
        let actions: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(listed, actions, "docs/audit.md lists the actions in the order of EventKind");
    }
}
