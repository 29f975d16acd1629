//! How many codes there are, for contacts that somebody has and that nobody has alike.

use std::net::IpAddr;

use chrono::TimeDelta;
use domain::Actor;
use domain::challenge::Purpose;
use domain::limit::{Attempt, Limit, network};

use super::Authentication;
use crate::challenge::Draft;

/// Codes to one contact.
const CODES_PER_HOUR: Limit = Limit::Quota { most: 5, within: TimeDelta::hours(1) };
const CODES_PER_DAY: Limit = Limit::Quota { most: 10, within: TimeDelta::hours(24) };

impl Authentication {
    /// What opening a challenge counts as.
    pub(super) fn code_attempts(&self, actor: &Actor, draft: &Draft) -> Vec<Attempt> {
        let Some(target) = draft.target.as_deref().filter(|_| self.inner.settings.limits) else { return Vec::new() };
        let of_contact = [("codes", CODES_PER_HOUR), ("codes-daily", CODES_PER_DAY)]
            .map(|(name, limit)| self.counted(name, limit, &[name.as_bytes(), target.as_bytes()]));
        // Whoever needs a second factor knew the password: strangers in the same house don't use theirs up.
        let asker = actor.origin.address.filter(|_| draft.purpose != Purpose::SecondFactor);
        of_contact.into_iter().chain(asker.map(|address| self.codes_from(address))).collect()
    }

    /// Codes cost money and wake people up, whoever gets them.
    fn codes_from(&self, address: IpAddr) -> Attempt {
        let limit = Limit::Quota { most: self.inner.settings.codes_per_address, within: TimeDelta::hours(1) };
        self.counted("codes-address", limit, &[b"codes-address", network(address).to_string().as_bytes()])
    }

    fn counted(&self, name: &'static str, limit: Limit, what: &[&[u8]]) -> Attempt {
        Attempt { key: self.secrets().attempts.mac(what), name, limit }
    }
}
