//! Limits what codes cost. They are counted when a message is about to be sent, so neither an answer nor its time shows
//! whether a code is sent.

use std::str::FromStr;

use chrono::TimeDelta;
use domain::VerificationMethod;
use domain::challenge::{Message, Purpose, Turn};
use domain::delivery::MessageKeys;
use domain::limit::{Attempt, Limit};
use serde::{Deserialize, Serialize};

/// How long the turn of a network at a contact is remembered.
const TURN: Limit = Limit::Latest { kept: TimeDelta::hours(1) };
/// Codes to one contact, for all networks together. That is several times what one network may ask for.
const PER_CONTACT: [(&str, u32, TimeDelta); 2] =
    [("contact_hourly", 20, TimeDelta::hours(1)), ("contact_daily", 40, TimeDelta::hours(24))];
/// This part of a budget, a fifth, is kept for contacts with an account.
const KEPT_PART: u32 = 5;

/// Every reason to withhold a code, as metrics name them.
pub const WITHHELD_REASONS: [&str; 7] = [
    "phone_prefixes",
    "new_contacts_per_address",
    "codes_per_hour",
    "codes_per_day",
    "contact_hourly",
    "contact_daily",
    "contact_queue",
];

/// The beginning of phone numbers in E.164: `+` and 1 to 15 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhonePrefix(String);

impl FromStr for PhonePrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim().strip_prefix('+').unwrap_or_default();
        let is_valid = (1..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if is_valid { Ok(Self(format!("+{digits}"))) } else { Err("no beginning of a phone number, such as +998") }
    }
}

impl std::fmt::Display for PhonePrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many codes may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Whether anything is counted. Prefixes hold in any case.
    pub limits: bool,
    /// Codes an hour to contacts without an account that one network asks for; 0 for any number.
    pub new_contacts_per_address: u32,
    /// Codes an hour over paid channels, for everybody together; 0 for any number.
    pub codes_per_hour: u32,
    /// Codes in 24 hours over paid channels, for everybody together; 0 for any number.
    pub codes_per_day: u32,
    /// Only phone numbers that begin with one of these get codes; all when there is none.
    pub phone_prefixes: Vec<PhonePrefix>,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            limits: true,
            new_contacts_per_address: 20,
            codes_per_hour: 1_000,
            codes_per_day: 10_000,
            phone_prefixes: Vec::new(),
        }
    }
}

impl Budgets {
    /// Whether a phone number may get codes; an e-mail always may.
    pub(crate) fn allow_recipient(&self, channel: VerificationMethod, recipient: &str) -> bool {
        let is_allowed = |prefix: &PhonePrefix| recipient.starts_with(&prefix.0);
        !is_paid(channel) || self.phone_prefixes.is_empty() || self.phone_prefixes.iter().any(is_allowed)
    }

    /// The limits that a message counts against: the slot of its contact at every attempt, the budgets at the first
    /// one.
    pub(crate) fn attempts(&self, message: &Message, turn: &Turn, keys: &dyn MessageKeys) -> Vec<Attempt> {
        if !self.limits {
            return Vec::new();
        }
        let mut attempts =
            vec![keys.contact_slot(&turn.contact), Attempt { key: turn.asker, name: "turn", limit: TURN }];
        if message.attempts == 0 {
            attempts.extend(per_contact(message, turn, keys));
            if !turn.has_account && self.new_contacts_per_address > 0 {
                let key = keys.hash(&[b"new contacts", &turn.network]);
                let limit = Limit::Quota { most: self.new_contacts_per_address, within: TimeDelta::hours(1) };
                attempts.push(Attempt { key, name: "new_contacts_per_address", limit });
            }
            if is_paid(message.channel) {
                attempts.extend(self.over_all(turn.has_account, keys));
            }
        }
        attempts
    }

    /// Every code counts against the whole budget. Codes to contacts without an account also count against a smaller
    /// one.
    fn over_all(&self, has_account: bool, keys: &dyn MessageKeys) -> Vec<Attempt> {
        let budgets = [
            ("codes_per_hour", self.codes_per_hour, TimeDelta::hours(1)),
            ("codes_per_day", self.codes_per_day, TimeDelta::hours(24)),
        ];
        let mut attempts = Vec::new();
        for (name, most, within) in budgets.into_iter().filter(|(_, most, _)| *most > 0) {
            let mut count = |most, key: &[&[u8]]| {
                attempts.push(Attempt { key: keys.hash(key), name, limit: Limit::Quota { most, within } });
            };
            count(most, &[b"codes over all", name.as_bytes()]);
            if !has_account {
                count(for_strangers(most), &[b"codes of strangers", name.as_bytes()]);
            }
        }
        attempts
    }
}

/// The part of a budget for contacts without an account: less than all, except of a budget of one.
fn for_strangers(most: u32) -> u32 {
    (most - most.div_ceil(KEPT_PART)).max(1)
}

/// Second factors are counted separately: only a person who knows the password can ask for one, so strangers cannot use up
/// the limit.
fn per_contact(message: &Message, turn: &Turn, keys: &dyn MessageKeys) -> Vec<Attempt> {
    let knows_password = message.purpose == Purpose::SecondFactor;
    let count = |(name, most, within): (&'static str, u32, TimeDelta)| Attempt {
        key: keys.hash(&[name.as_bytes(), &turn.contact, &[u8::from(knows_password)]]),
        name,
        limit: Limit::Quota { most, within },
    };
    PER_CONTACT.map(count).to_vec()
}

/// Whether the gateway of such a channel usually costs money for each message.
fn is_paid(channel: VerificationMethod) -> bool {
    match channel {
        VerificationMethod::Phone | VerificationMethod::Whatsapp => true,
        VerificationMethod::Email => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plus_and_digits() {
        for (text, expected) in [("+998", "+998"), (" +1 ", "+1"), ("+123456789012345", "+123456789012345")] {
            assert_eq!(text.parse::<PhonePrefix>().unwrap().to_string(), expected);
        }
        for text in ["", "+", "998", "00998", "+99 8", "+99x", "+1234567890123456", "++998"] {
            text.parse::<PhonePrefix>().unwrap_err();
        }
    }

    #[test]
    fn a_part_is_kept_for_those_who_have_an_account() {
        assert_eq!([1, 2, 5, 6, 10, 1000].map(for_strangers), [1, 1, 4, 4, 8, 800]);
    }
}
