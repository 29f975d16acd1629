//! The messages to one contact are sent in turn, one network that asked after the other. So a network that keeps asking
//! delays the message of another by one slot at most.

use std::collections::HashMap;

use crate::challenge::{Message, Turn};
use crate::clock::Timestamp;
use crate::session::Digest;

/// A message that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub message: Message,
    /// Its turn.
    pub turn: Turn,
    /// Until when the last turn of its network with this contact is remembered. A later time means a more recent turn.
    /// `None` when there was no turn, or it was long ago.
    pub served: Option<Timestamp>,
}

/// Puts waiting messages into the order in which they are sent. They are sent in rounds. Each round has the oldest
/// message of every network, and begins with the network whose last turn is the longest ago.
#[must_use]
pub fn in_turn(mut waiting: Vec<Waiting>) -> Vec<Waiting> {
    waiting.sort_by_key(|one| (one.message.created_at, one.message.id));
    let mut rounds: HashMap<Digest, usize> = HashMap::new();
    let mut ranked: Vec<_> = waiting
        .into_iter()
        .map(|one| {
            let round = rounds.entry(one.turn.asker).or_default();
            *round += 1;
            (*round, one)
        })
        .collect();
    // Stable: the oldest stay first.
    ranked.sort_by_key(|(round, one)| (*round, one.served));
    ranked.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::challenge::Purpose;
    use crate::clock::Clock;
    use crate::testing::{FixedClock, challenge, message};

    fn waiting(clock: &FixedClock, network: u8, served: Option<i64>) -> Waiting {
        let turn = Turn { contact: [0; 32], asker: [network; 32], network: [network; 32], has_account: true };
        let message = message(clock, &challenge(clock, Purpose::CustomerSignIn, [network; 32]));
        clock.advance(TimeDelta::seconds(1));
        Waiting { message, turn, served: served.map(|minutes| clock.now() + TimeDelta::minutes(minutes)) }
    }

    #[test]
    fn every_network_has_its_turn_and_first_whose_last_is_the_longest_ago() {
        let clock = FixedClock::default();
        // The first one asks for everything; the others ask later.
        let all = [(1, Some(59)), (1, Some(59)), (1, Some(59)), (2, Some(10)), (3, None), (4, None), (3, None)]
            .map(|(network, served)| waiting(&clock, network, served));
        let order: Vec<_> = in_turn(all.to_vec()).iter().map(|one| one.turn.asker[0]).collect();
        assert_eq!(order, [3, 4, 2, 1, 3, 1, 1]);
        let first = in_turn(all.to_vec())[3].message.id;
        assert_eq!(first, all[0].message.id, "the oldest of a network first");
    }
}
