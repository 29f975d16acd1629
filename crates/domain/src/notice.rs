//! Messages that tell people what happened to their account. They carry no code and need no answer (ASVS 6.3.7).

use chrono::TimeDelta;

use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::{MessageId, UserId, derived};
use crate::names::named;
use crate::user::{Profile, Staff, User, VerificationMethod};

named! {
    /// What somebody is told.
    NoticePurpose {
        /// Their e-mail or phone changed, or their codes now go to another contact.
        ContactChanged => "contact_changed",
        /// Their password changed.
        PasswordChanged => "password_changed",
    }
}

/// How long a notice is worth sending.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// A notice that is to be sent. It is written in the transaction of the change, and sent after the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Identifies the notice to gateways, so that they recognise a retry.
    pub id: MessageId,
    /// Who is told.
    pub user_id: UserId,
    /// Over which channel.
    pub channel: VerificationMethod,
    /// Where to.
    pub recipient: String,
    /// What they are told.
    pub purpose: NoticePurpose,
    /// When the change happened.
    pub created_at: Timestamp,
    /// After this moment, the notice is not sent any more.
    pub expires_at: Timestamp,
    /// How many times somebody has begun to send it.
    pub attempts: i32,
}

impl Notice {
    /// The notices about a changed contact. They go to the contacts that the person had before.
    #[must_use]
    pub fn of_contact(before: &User, after: &User, event: &Event) -> Vec<Self> {
        if reached_at(before) == reached_at(after) && before.phone() == after.phone() {
            return Vec::new();
        }
        Self::to(before, NoticePurpose::ContactChanged, event)
    }

    /// The notices about a changed password. A customer has no password and gets none.
    #[must_use]
    pub fn of_password(user: &User, event: &Event) -> Vec<Self> {
        if user.staff().is_none() {
            return Vec::new();
        }
        Self::to(user, NoticePurpose::PasswordChanged, event)
    }

    /// The ids are derived from the event's id, since a store has no clock.
    fn to(user: &User, purpose: NoticePurpose, event: &Event) -> Vec<Self> {
        let notice = |nth, (channel, recipient)| Self {
            id: derived(event.id.as_uuid(), nth).into(),
            user_id: user.id,
            channel,
            recipient,
            purpose,
            created_at: event.at,
            expires_at: event.at + LIFETIME,
            attempts: 0,
        };
        (0..).zip(reached_at(user)).map(|(nth, contact)| notice(nth, contact)).collect()
    }
}

/// Where notices go: to the contact that gets the person's codes, and for staff also to the e-mail with which they sign
/// in. The phone of staff is not proven and may be somebody else's; then only the e-mail reaches them.
fn reached_at(user: &User) -> Vec<(VerificationMethod, String)> {
    match &user.profile {
        Profile::Customer(customer) => vec![(VerificationMethod::Phone, customer.phone.to_string())],
        Profile::Admin(staff) | Profile::Manager(staff) => {
            let email = (VerificationMethod::Email, staff.email.to_string());
            phone_for_codes(staff).into_iter().chain([email]).collect()
        }
    }
}

fn phone_for_codes(staff: &Staff) -> Option<(VerificationMethod, String)> {
    let phone = staff.phone.as_ref().filter(|_| staff.verification_method.needs_phone())?;
    Some((staff.verification_method, phone.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::EventKind;
    use crate::testing::{FixedClock, customer, email, event, manager, phone};

    fn told(notices: &[Notice]) -> Vec<(&str, &str)> {
        notices.iter().map(|notice| (notice.channel.as_str(), notice.recipient.as_str())).collect()
    }

    #[test]
    fn people_are_told_where_they_could_be_reached_before() {
        let clock = FixedClock::default();
        let event = event(&clock, EventKind::UserUpdated, None);
        let ann = manager(&clock, "ann@example.com");
        let with = |change: fn(&mut Staff)| {
            let mut user = ann.clone();
            if let Profile::Manager(staff) = &mut user.profile {
                change(staff);
            }
            user
        };
        let moved = with(|staff| staff.email = email("new@example.com"));
        let by_phone = with(|staff| {
            staff.phone = Some(phone("+998901234567"));
            staff.verification_method = VerificationMethod::Whatsapp;
        });
        let renamed = with(|staff| staff.tin_trunk_number = None);
        assert_eq!(told(&Notice::of_contact(&ann, &moved, &event)), [("email", "ann@example.com")]);
        assert_eq!(told(&Notice::of_contact(&ann, &by_phone, &event)), [("email", "ann@example.com")]);
        assert_eq!(told(&Notice::of_contact(&ann, &renamed, &event)), []);
        let both = Notice::of_contact(&by_phone, &ann, &event);
        assert_eq!(told(&both), [("whatsapp", "+998901234567"), ("email", "ann@example.com")]);
        assert_ne!(both[0].id, both[1].id);
        assert_eq!(told(&Notice::of_password(&by_phone, &event)), told(&both));
    }

    #[test]
    fn customers_are_told_at_their_old_phone_and_of_no_password() {
        let clock = FixedClock::default();
        let event = event(&clock, EventKind::UserUpdated, None);
        let before = customer(&clock, "+998901234567", None);
        let mut after = before.clone();
        if let Profile::Customer(customer) = &mut after.profile {
            customer.phone = phone("+998901234568");
        }
        assert_eq!(told(&Notice::of_contact(&before, &after, &event)), [("phone", "+998901234567")]);
        assert_eq!(Notice::of_password(&before, &event), []);
    }
}
