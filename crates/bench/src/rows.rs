//! The rows of the tables, in groups that share databases and servers.

mod files;
mod flood;
mod growth;
mod lists;
mod mariadb;
mod me;
mod refresh;
mod requests;
mod sign_in;
mod sqlite;
mod start;

use domain::ErrorChain;

use crate::outcome::Outcome;
use crate::report::Measured;
use crate::world::World;

type Group = fn(&mut World<'_>, &mut Measured) -> Outcome<()>;

const GROUPS: &[(&str, Group)] = &[
    ("me", me::measure),
    ("lists", lists::measure),
    ("growth", growth::measure),
    ("sqlite", sqlite::measure),
    ("mariadb", mariadb::measure),
    ("sign-in", sign_in::measure),
    ("flood", flood::measure),
    ("refresh", refresh::measure),
    ("files", files::measure),
    ("start", start::measure),
];

/// What the groups are called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|(name, _)| *name)
}

/// Measures every group that is asked for. One that fails is said to have, and the next one begins.
pub(crate) fn measure(world: &mut World<'_>) -> Measured {
    let mut measured = Measured::default();
    for (name, group) in GROUPS.iter().filter(|(name, _)| world.options.wants(name)) {
        eprintln!("measuring {name}");
        if let Err(error) = group(world, &mut measured) {
            let error = ErrorChain(&*error);
            eprintln!("clientele-bench: {name}: {error}");
            measured.failures.push(format!("`{name}`: {error}"));
        }
    }
    measured
}
