//! The rows of the tables, in groups that share databases and servers.

mod changes;
mod files;
mod flood;
mod growth;
mod keys;
mod lists;
mod mariadb;
mod me;
mod refresh;
mod requests;
mod sign_in;
mod sqlite;
mod start;

use domain::ErrorChain;

use crate::options::Group;
use crate::outcome::Outcome;
use crate::report::Measured;
use crate::world::World;

/// Measures every group that is asked for. One that fails is said to have, and the next one begins.
pub(crate) fn measure(world: &mut World<'_>) -> Measured {
    let mut measured = Measured::default();
    for group in world.options.groups() {
        let name = group.name();
        eprintln!("measuring {name}");
        if let Err(error) = measure_group(group, world, &mut measured) {
            let error = ErrorChain(&*error);
            eprintln!("clientele-bench: {name}: {error}");
            measured.failures.push(format!("`{name}`: {error}"));
        }
    }
    measured
}

fn measure_group(group: Group, world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    match group {
        Group::Me => me::measure(world, measured),
        Group::Keys => keys::measure(world, measured),
        Group::Lists => lists::measure(world, measured),
        Group::Growth => growth::measure(world, measured),
        Group::Sqlite => sqlite::measure(world, measured),
        Group::MariaDb => mariadb::measure(world, measured),
        Group::SignIn => sign_in::measure(world, measured),
        Group::Flood => flood::measure(world, measured),
        Group::Changes => changes::measure(world, measured),
        Group::Refresh => refresh::measure(world, measured),
        Group::Files => files::measure(world, measured),
        Group::Start => start::measure(world, measured),
    }
}
