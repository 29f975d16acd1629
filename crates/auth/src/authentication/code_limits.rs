//! How many codes may be asked for and tried. What one network does is never counted against another.

use chrono::TimeDelta;
use domain::Actor;
use domain::challenge::{Challenge, Purpose};
use domain::delivery::MessageKeys as _;
use domain::limit::{Attempt, Limit, Settled, network};

use super::Authentication;
use crate::challenge::Draft;

/// Codes to one contact that one network asks for.
const CODES_PER_HOUR: Limit = Limit::Quota { most: 5, within: TimeDelta::hours(1) };
const CODES_PER_DAY: Limit = Limit::Quota { most: 10, within: TimeDelta::hours(24) };
/// Wrong codes from one network, whatever the challenge. Many people may share one.
const WRONG_CODES: Limit = Limit::Failures { most: 50, within: TimeDelta::minutes(10) };

/// The network that asks, as text. Those without an address are one network of their own.
pub(super) fn asking_network(actor: &Actor) -> String {
    actor.origin.address.map(|address| network(address).to_string()).unwrap_or_default()
}

impl Authentication {
    /// What opening a challenge counts as.
    pub(super) fn code_attempts(&self, actor: &Actor, draft: &Draft) -> Vec<Attempt> {
        let Some(target) = draft.target.as_deref().filter(|_| self.inner.settings.limits) else { return Vec::new() };
        let asker = asking_network(actor);
        let of_contact = [("codes", CODES_PER_HOUR), ("codes-daily", CODES_PER_DAY)]
            .map(|(name, limit)| self.counted(name, limit, &[name.as_bytes(), target.as_bytes(), asker.as_bytes()]));
        // Whoever needs a second factor knew the password: strangers in the same house don't use theirs up.
        let has_address = actor.origin.address.is_some() && draft.purpose != Purpose::SecondFactor;
        of_contact.into_iter().chain(has_address.then(|| self.codes_from(&asker))).collect()
    }

    /// What a wrong code counts as.
    pub(super) fn wrong_code_attempts(&self, actor: &Actor) -> Vec<Attempt> {
        if !self.inner.settings.limits {
            return Vec::new();
        }
        vec![self.counted("wrong-codes", WRONG_CODES, &[b"wrong codes", asking_network(actor).as_bytes()])]
    }

    /// Whoever knows a code has its contact in their hands: the next message to it need not wait for a minute, and
    /// nobody else can bring that about.
    pub(super) async fn free_slot(&self, challenge: &Challenge) {
        if !self.inner.settings.limits {
            return;
        }
        let secrets = self.secrets();
        let slot = secrets.contact_slot(&secrets.contact(&challenge.contact));
        if let Err(error) = self.inner.stores.attempts.settle_attempts(&[slot], Settled::Untried, self.now()).await {
            tracing::warn!(
                error = %domain::ErrorChain(&error),
                "the next message to a contact waits for a minute"
            );
        }
    }

    /// Codes cost money and wake people up, whoever gets them.
    fn codes_from(&self, asker: &str) -> Attempt {
        let limit = Limit::Quota { most: self.inner.settings.codes_per_address, within: TimeDelta::hours(1) };
        self.counted("codes-address", limit, &[b"codes-address", asker.as_bytes()])
    }
}
