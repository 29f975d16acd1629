//! What many who sign in at once do to everybody else.

use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use super::requests::{ME, get_as, sign_ins};
use crate::database::Backend;
use crate::load;
use crate::load::conversation::{Conversation, Patient, Rotation};
use crate::load::measured::Measured as Load;
use crate::measure::{Figures, Side, alternate};
use crate::outcome::Outcome;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::world::World;

const CALLERS: usize = 16;
const FLOOD: usize = 64;
/// The flood begins so long before the others and ends so long after them.
const AHEAD: Duration = Duration::from_millis(500);

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let requests = get_as(ME, filled.tokens.managers.iter().take(CALLERS));
    let callers = Rotation::new(requests);
    let flooded = RefCell::new(Vec::new());
    let sides = [
        Side::new(|time| Ok(Figures::of(&load::run(service.address, callers.shared(CALLERS), time)?))),
        Side::new(|time| Ok(Figures::of(&load::run(service.address, flood(), time)?))),
        Side::new(|time| {
            let (calls, sign_ins) = both(&service, &callers, time)?;
            flooded.borrow_mut().push(Figures::of(&sign_ins));
            Ok(Figures::of(&calls))
        }),
    ];
    let [quiet, alone, beside] = alternate(sides, world.options.rounds(), world.options.slow_round())?;
    // The first round does not count here either.
    let sign_ins = Figures::median(&flooded.borrow()[1..]);
    let what = format!("`me`, {CALLERS} connections, beside {FLOOD} that sign in / by itself");
    measured.rows.push(Row::new(what, [beside, quiet]).goal("≥ 0.60; p99 ≤ 10 ms"));
    let what = format!("sign-ins of those {FLOOD} / without anybody else");
    measured.rows.push(Row::new(what, [sign_ins, alone]).goal("≥ 0.80"));
    Ok(())
}

/// Those who sign in and come back when they are told to.
fn flood() -> Vec<Box<dyn Conversation>> {
    Patient::shared(sign_ins(), FLOOD)
}

fn both(service: &Service, callers: &Rotation, time: Duration) -> Outcome<(Load, Load)> {
    thread::scope(|scope| {
        let sign_ins = scope.spawn(|| load::run(service.address, flood(), time + 2 * AHEAD));
        thread::sleep(AHEAD);
        let calls = load::run(service.address, callers.shared(CALLERS), time);
        let sign_ins = sign_ins.join().map_err(|_| "the flood ended by itself")?;
        Ok((calls?, sign_ins?))
    })
}
