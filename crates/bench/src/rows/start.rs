//! How fast the program is there, and how much it weighs.

use std::thread;
use std::time::Duration;

use super::requests::{LIST, ME, get_as};
use crate::database::Backend;
use crate::load;
use crate::load::conversation::Rotation;
use crate::measure::median;
use crate::outcome::Outcome;
use crate::process::memory;
use crate::report::{Fact, Measured};
use crate::world::World;

/// Starts whose median counts.
const STARTS: usize = 5;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    for (backend, name, goal) in [(Backend::Postgres, "PostgreSQL", "≤ 80 ms"), (Backend::Sqlite, "SQLite", "≤ 25 ms")]
    {
        let time = start(world, backend)?;
        let what = format!("start to first answer, {name} with its tables");
        measured.facts.push(Fact::new(what, format!("{time:.0} ms"), goal));
    }
    weight(world, measured)
}

fn start(world: &mut World<'_>, backend: Backend) -> Outcome<f64> {
    let filled = world.filled(backend, world.options.sizes().small)?;
    // The first one has to read the program from the disk.
    world.serve(&filled)?;
    let times = (0..STARTS).map(|_| Ok(world.serve(&filled)?.start.as_secs_f64() * 1000.0));
    Ok(median(times.collect::<Outcome<_>>()?))
}

fn weight(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    thread::sleep(Duration::from_secs(1));
    let idle = memory(service.pid(), "VmRSS")?;
    for (path, tokens) in [(ME, &filled.tokens.customers), (LIST, &filled.tokens.managers)] {
        let rotation = Rotation::new(get_as(path, tokens));
        load::run(service.address, rotation.shared(world.options.connections), world.options.slow_round())?;
    }
    let after = memory(service.pid(), "VmRSS")?;
    measured.facts.push(Fact::new("memory, idle", mib(idle), "≤ 20 MiB"));
    measured.facts.push(Fact::new("memory, after `me` of everybody and lists", mib(after), "≤ 48 MiB"));
    #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
    let size = format!("{:.1} MB", world.program.size()? as f64 / 1e6);
    measured.facts.push(Fact::new("the program", size, "≤ 18 MB"));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "KiB far below 2^52")]
fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}
