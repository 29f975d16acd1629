//! The requests that wait, by network. The networks take turns, however many requests wait in each.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::ops::Bound::{Excluded, Unbounded};

/// The requests that wait. The network is `None` for requests without an address.
pub(super) struct Lanes<T> {
    waiting: BTreeMap<Option<IpAddr>, VecDeque<(Ticket, Option<T>)>>,
    len: u64,
    last_ticket: u64,
    /// The network that had the last turn.
    last_turn: Option<IpAddr>,
}

/// Identifies a request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), len: 0, last_ticket: 0, last_turn: None }
    }
}

impl<T> Lanes<T> {
    /// How many requests wait.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds a request.
    pub(super) fn enter(&mut self, network: Option<IpAddr>) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.waiting.entry(network).or_default().push_back((ticket, None));
        self.len += 1;
        ticket
    }

    /// Adds a request in place of the last one of the network with the most requests; `None` when no network has more
    /// requests than this one would have.
    pub(super) fn displace(&mut self, network: Option<IpAddr>) -> Option<Ticket> {
        let own = self.waiting.get(&network).map_or(0, VecDeque::len);
        let (&fullest, lane) = self.waiting.iter().max_by_key(|(_, lane)| lane.len())?;
        if own + 1 >= lane.len() {
            return None;
        }
        let last = lane.back()?.0;
        self.leave(fullest, last);
        Some(self.enter(network))
    }

    /// Removes a request, if it is still there.
    pub(super) fn leave(&mut self, network: Option<IpAddr>, ticket: Ticket) {
        let Some(lane) = self.waiting.get_mut(&network) else { return };
        let Some(at) = lane.iter().position(|(waiting, _)| *waiting == ticket) else { return };
        lane.remove(at);
        self.len -= 1;
        if lane.is_empty() {
            self.waiting.remove(&network);
        }
    }

    /// Notes that a request is ready for its turn; `turn` will tell it. Drops `turn` when the request is not there.
    pub(super) fn wait(&mut self, network: Option<IpAddr>, ticket: Ticket, turn: T) {
        let mut places = self.waiting.get_mut(&network).into_iter().flatten();
        if let Some((_, ready)) = places.find(|(waiting, _)| *waiting == ticket) {
            *ready = Some(turn);
        }
    }

    /// Removes and answers the request whose turn it is: the first one that is ready, of the next network that has one.
    pub(super) fn next(&mut self) -> Option<T> {
        let is_ready = |lane: &VecDeque<(Ticket, Option<T>)>| lane.iter().position(|(_, turn)| turn.is_some());
        let after = self.waiting.range((Excluded(self.last_turn), Unbounded));
        let mut in_turn = after.chain(self.waiting.range(..=self.last_turn));
        let (network, at) = in_turn.find_map(|(network, lane)| Some((*network, is_ready(lane)?)))?;
        self.last_turn = network;
        let lane = self.waiting.get_mut(&network)?;
        let (_, turn) = lane.remove(at)?;
        self.len -= 1;
        if lane.is_empty() {
            self.waiting.remove(&network);
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    /// So many of a network wait, ready for their turn.
    fn fill(lanes: &mut Lanes<u8>, n: u8, count: usize) {
        for _ in 0..count {
            let ticket = lanes.enter(Some(network(n)));
            lanes.wait(Some(network(n)), ticket, n);
        }
    }

    fn turns(lanes: &mut Lanes<u8>) -> Vec<u8> {
        std::iter::from_fn(|| lanes.next()).collect()
    }

    #[test]
    fn networks_have_their_turns_one_after_the_other() {
        let mut lanes = Lanes::default();
        for (n, count) in [(2, 4), (1, 2), (3, 1)] {
            fill(&mut lanes, n, count);
        }
        assert_eq!(turns(&mut lanes), [1, 2, 3, 1, 2, 2, 2]);
        assert_eq!(lanes.len(), 0);
    }

    #[test]
    fn who_is_not_ready_keeps_nobody_waiting() {
        let mut lanes = Lanes::default();
        let early = lanes.enter(Some(network(1)));
        fill(&mut lanes, 1, 1);
        assert_eq!((turns(&mut lanes), lanes.len()), (vec![1], 1));
        lanes.wait(Some(network(1)), early, 7);
        assert_eq!((turns(&mut lanes), lanes.len()), (vec![7], 0));
    }

    #[test]
    fn the_fullest_network_makes_room_for_one_that_waits_less() {
        let mut lanes = Lanes::default();
        fill(&mut lanes, 1, 5);
        fill(&mut lanes, 2, 1);
        for _ in 0..3 {
            if let Some(ticket) = lanes.displace(Some(network(3))) {
                lanes.wait(Some(network(3)), ticket, 3);
            }
        }
        assert_eq!(turns(&mut lanes), [1, 2, 3, 1, 3, 1], "two and a half each, and the one that was there");
    }

    #[test]
    fn nobody_makes_room_for_one_who_waits_as_often() {
        let mut lanes = Lanes::default();
        fill(&mut lanes, 1, 2);
        fill(&mut lanes, 2, 1);
        assert!(lanes.displace(Some(network(1))).is_none());
        assert!(lanes.displace(Some(network(2))).is_none());
        assert!(lanes.displace(Some(network(3))).is_some());
        assert!(lanes.displace(Some(network(4))).is_none(), "one of each waits");
        assert_eq!(lanes.len(), 3);
    }

    #[test]
    fn who_left_or_was_displaced_does_not_wait() {
        let mut lanes = Lanes::default();
        let tickets = [lanes.enter(Some(network(1))), lanes.enter(Some(network(1)))];
        lanes.displace(Some(network(2))).unwrap();
        lanes.wait(Some(network(1)), tickets[1], 1);
        lanes.leave(Some(network(1)), tickets[1]);
        assert_eq!((lanes.next(), lanes.len()), (None, 2), "the last one gave way");
        lanes.leave(Some(network(1)), tickets[0]);
        lanes.leave(Some(network(1)), tickets[0]);
        assert_eq!(lanes.len(), 1);
    }
}
