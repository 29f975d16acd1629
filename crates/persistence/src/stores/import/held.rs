//! The managers whom an import holds. They do not change before its end, so later parts need not ask for them again.

use std::collections::{BTreeMap, BTreeSet};

use domain::store::{ImportFound, ImportKeys};
use domain::{Email, User, UserId};

/// How many are remembered.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Held {
    ids: BTreeSet<UserId>,
    by_email: BTreeMap<Email, User>,
}

impl Held {
    /// Whom to look up for a part.
    pub(super) fn unknown(&self, keys: &ImportKeys) -> ImportKeys {
        let emails = keys.emails.iter().filter(|email| !self.by_email.contains_key(email));
        ImportKeys { phones: keys.phones.clone(), emails: emails.cloned().collect() }
    }

    /// Adds those who are known of whom a part asks.
    pub(super) fn complete(&self, found: &mut ImportFound, keys: &ImportKeys) {
        let known = keys.emails.iter().filter_map(|email| self.by_email.get_key_value(email));
        found.staff.extend(known.map(|(email, user)| (email.clone(), user.clone())));
    }

    /// Those of these managers who are not held yet, in their order.
    pub(super) fn missing(&self, managers: BTreeSet<UserId>) -> Vec<UserId> {
        managers.into_iter().filter(|id| !self.ids.contains(id)).collect()
    }

    /// Notes that these managers are held.
    pub(super) fn add(&mut self, managers: &[UserId], found: ImportFound) {
        if self.ids.len() + managers.len() > MOST {
            return;
        }
        self.ids.extend(managers);
        let are_held = found.staff.into_iter().filter(|(_, user)| managers.contains(&user.id));
        self.by_email.extend(are_held);
    }
}

#[cfg(test)]
mod tests {
    use domain::testing::{FixedClock, email, manager, phone};

    use super::*;

    #[test]
    fn who_is_held_is_not_asked_for_again_and_found_all_the_same() {
        let clock = FixedClock::default();
        let (ann, ben) = (manager(&clock, "ann@example.com"), manager(&clock, "ben@example.com"));
        let keys = ImportKeys {
            phones: vec![phone("+998900000001")],
            emails: vec![email("ann@example.com"), email("ben@example.com")],
        };
        let staff = BTreeMap::from([(keys.emails[0].clone(), ann.clone()), (keys.emails[1].clone(), ben.clone())]);
        let mut held = Held::default();
        assert_eq!(held.unknown(&keys), keys);
        assert_eq!(held.missing([ben.id, ann.id].into()), [ann.id, ben.id]);
        held.add(&[ann.id], ImportFound { staff: staff.clone(), ..ImportFound::default() });
        assert_eq!(held.unknown(&keys), ImportKeys { emails: vec![email("ben@example.com")], ..keys.clone() });
        assert_eq!(held.missing([ben.id, ann.id].into()), [ben.id]);
        let mut found = ImportFound { staff: [(keys.emails[1].clone(), ben)].into(), ..ImportFound::default() };
        held.complete(&mut found, &keys);
        assert_eq!(found.staff, staff);
        let mut nobody = ImportFound::default();
        held.complete(&mut nobody, &ImportKeys::default());
        assert_eq!(nobody, ImportFound::default());
    }
}
