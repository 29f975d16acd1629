//! Sign-ins, which are as fast as their hashes.

use super::requests::sign_ins;
use crate::database::Backend;
use crate::limits::hashes;
use crate::load::conversation::Patient;
use crate::machine::cores;
use crate::measure::{Figures, Side, alternate};
use crate::outcome::Outcome;
use crate::report::{Measured, Row};
use crate::sizing::Line;
use crate::world::World;

/// As many wait as the goal is about.
const WAITING: usize = 16;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let database = Backend::Postgres.processes();
    let plain = |threads| Side::new(move |time| Ok(Figures::of(&hashes::plain(threads, time)?)));
    let interleaved = Side::new(|time| Ok(Figures::of(&hashes::interleaved(time)?)));

    let waiting = Side::talk(&service, database, || Patient::shared(sign_ins(), WAITING));
    let sides = [waiting, plain(cores()), interleaved];
    let [ours, crates, lanes] = alternate(sides, world.options.rounds(), world.options.slow_round())?;
    measured.rows.push(
        Row::new(format!("sign-ins, {WAITING} waiting / the crate `bcrypt` on all cores"), [ours, crates])
            .goal("≥ 2.5"),
    );
    measured.rows.push(Row::new("the same / interleaved hashes on all cores", [ours, lanes]));
    measured.sizing.push(Line::new("sign-ins with a password, bcrypt at cost 12", ours));

    let alone = Side::load(&service, database, sign_ins(), 1);
    let sides = [alone, plain(1)];
    let figures = alternate(sides, world.options.rounds(), world.options.slow_round())?;
    measured.rows.push(Row::latency("one sign-in alone, its time / one plain hash", figures).goal("≤ 1.1"));
    Ok(())
}
