//! Limits how many codes may be asked for and tried. What one network does is never counted against another.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Actor;
use domain::challenge::{Challenge, Purpose};
use domain::delivery::MessageKeys as _;
use domain::limit::{Attempt, Limit, Settled};
use domain::store::AttemptStore;

use crate::env::Env;
use crate::known_networks::network_of;
use crate::one_time_code::Draft;

/// Codes to one contact that one network asks for.
const CODES_PER_HOUR: Limit = Limit::Quota { most: 5, within: TimeDelta::hours(1) };
const CODES_PER_DAY: Limit = Limit::Quota { most: 10, within: TimeDelta::hours(24) };
/// Wrong codes from one network, whatever the challenge. Many people may share one.
const WRONG_CODES: Limit = Limit::Failures { most: 50, within: TimeDelta::minutes(10) };

pub(crate) struct CodeLimits {
    pub(crate) env: Arc<Env>,
    pub(crate) attempts: Arc<dyn AttemptStore>,
}

impl CodeLimits {
    /// What opening a challenge counts as.
    pub(crate) fn of_opening(&self, actor: &Actor, draft: &Draft) -> Vec<Attempt> {
        let Some(target) = draft.target.as_deref().filter(|_| self.env.settings.limits) else { return Vec::new() };
        let asker = network_of(actor);
        let of_contact = [("codes", CODES_PER_HOUR), ("codes-daily", CODES_PER_DAY)].map(|(name, limit)| {
            self.env.attempt(name, limit, &[name.as_bytes(), target.as_bytes(), asker.as_bytes()])
        });
        // Whoever needs a second factor knew the password: strangers in the same house don't use theirs up.
        let has_address = actor.origin.address.is_some() && draft.purpose != Purpose::SecondFactor;
        of_contact.into_iter().chain(has_address.then(|| self.of_address(&asker))).collect()
    }

    /// What a wrong code counts as.
    pub(crate) fn of_wrong_code(&self, actor: &Actor) -> Vec<Attempt> {
        if !self.env.settings.limits {
            return Vec::new();
        }
        vec![self.env.attempt("wrong-codes", WRONG_CODES, &[b"wrong codes", network_of(actor).as_bytes()])]
    }

    /// Lets the next message to a contact leave at once. Whoever knows a code has its contact in their hands, and
    /// nobody else can bring that about.
    pub(crate) async fn free_slot(&self, challenge: &Challenge) {
        if !self.env.settings.limits {
            return;
        }
        let slot = self.env.keys.contact_slot(&self.env.keys.contact(&challenge.contact));
        if let Err(error) = self.attempts.settle_attempts(&[slot], Settled::Untried, self.env.now()).await {
            tracing::warn!(error = %domain::ErrorChain(&error), "the next message to a contact waits for a minute");
        }
    }

    /// Codes cost money and wake people up, whoever gets them.
    fn of_address(&self, asker: &str) -> Attempt {
        let limit = Limit::Quota { most: self.env.settings.codes_per_address, within: TimeDelta::hours(1) };
        self.env.attempt("codes-address", limit, &[b"codes-address", asker.as_bytes()])
    }
}
