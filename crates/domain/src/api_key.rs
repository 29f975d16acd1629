//! API keys: with one, a program acts as a member of the staff, narrowed to some actions.

use std::net::IpAddr;

use chrono::Months;

use crate::action::{Action, KeyScopes};
use crate::clock::Timestamp;
use crate::id::{ApiKeyId, UserId};
use crate::session::Digest;
use crate::user::Role;
use crate::value::{DisplayName, Network, ValueError};

/// Keys that a person may have at once, expired ones included.
pub const MAX_KEYS: u64 = 100;
/// Networks that a key may name.
pub const MAX_NETWORKS: usize = 50;
/// How long a key is good unless said otherwise.
pub const DEFAULT_LIFE: Months = Months::new(12);
/// How long a key may be good at most.
pub const MAX_LIFE: Months = Months::new(36);

/// A key as it is stored: all but its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Identifies the key; a part of its text.
    pub id: ApiKeyId,
    /// As whom it acts.
    pub owner_id: UserId,
    /// The role that the owner had when it was made. In another one it is dead.
    pub owner_role: Role,
    /// What the owner calls it.
    pub name: DisplayName,
    /// What it may do, within what the owner may.
    pub scopes: KeyScopes,
    /// From where it may be used; from anywhere when it is empty.
    pub networks: Vec<Network>,
    /// Keyed hash of its text.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it may be used from this address. An address that is not known is in no network.
    #[must_use]
    pub fn is_for(&self, address: Option<IpAddr>) -> bool {
        self.networks.is_empty()
            || address.is_some_and(|address| self.networks.iter().any(|network| network.contains(address)))
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// What the owner calls it.
    pub name: DisplayName,
    /// What it is to do, in the order in which it was sent.
    pub scopes: Vec<Action>,
    /// When it is to stop working; after [`DEFAULT_LIFE`] when nothing is said.
    pub expires_at: Option<Timestamp>,
    /// From where it may be used; from anywhere when it is empty.
    pub networks: Vec<Network>,
}

/// When a key that is made now stops working.
///
/// # Errors
/// For a time that has passed, or is further away than [`MAX_LIFE`].
pub fn expiry(wanted: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, ValueError> {
    let error = || ValueError::new("out_of_range", "must be in the future, and at most three years away");
    let after = |life| now.checked_add_months(life).ok_or_else(error);
    let latest = after(MAX_LIFE)?;
    match wanted {
        None => after(DEFAULT_LIFE),
        Some(wanted) if wanted > now && wanted <= latest => Ok(wanted),
        Some(_) => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing::{FixedClock, api_key, manager};
    use crate::{Clock, Timestamp};

    #[test]
    fn a_key_lives_a_year_and_three_at_most() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(expiry(None, now), Ok(at("2027-01-01T12:00:00Z")));
        let last = at("2029-01-01T12:00:00Z");
        for wanted in [now + TimeDelta::microseconds(1), last] {
            assert_eq!(expiry(Some(wanted), now), Ok(wanted));
        }
        for wanted in [now - TimeDelta::days(1), now, last + TimeDelta::microseconds(1)] {
            assert_eq!(expiry(Some(wanted), now).unwrap_err().code, "out_of_range", "{wanted}");
        }
    }

    #[test]
    fn a_key_is_for_its_networks() {
        let clock = FixedClock::default();
        let mut key = api_key(&clock, &manager(&clock, "ann@example.com"));
        let (here, there) = ("192.0.2.7".parse().unwrap(), "203.0.113.9".parse().unwrap());
        assert!(key.is_for(Some(here)) && key.is_for(None), "{}", clock.now());
        key.networks = vec!["10.0.0.0/8".parse().unwrap(), "192.0.2.0/24".parse().unwrap()];
        assert!(key.is_for(Some(here)));
        assert!(!key.is_for(Some(there)) && !key.is_for(None));
    }
}
