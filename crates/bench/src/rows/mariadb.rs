//! The same rows on MariaDB or MySQL, beside another build of the program when one is given: there is no limit to
//! compare with.

use super::requests::{LIST, MANAGED, ME, get_as};
use crate::database::Backend;
use crate::measure::{Side, alternate};
use crate::outcome::Outcome;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::world::World;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    if world.options.mariadb.is_none() {
        eprintln!("no URL of MariaDB was given: its rows are left out");
        return Ok(());
    }
    let filled = world.filled(Backend::MariaDb, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let baseline = world.baseline()?.map(|program| Service::start(&program, &filled.database.url)).transpose()?;
    let tokens = &filled.tokens;
    let rows = [
        ("`me` of many sessions in turn", get_as(ME, &tokens.customers)),
        ("`GET /users/?limit=50`", get_as(LIST, [&tokens.admin])),
        ("a manager's customers, 50", get_as(MANAGED, &tokens.managers)),
    ];
    let (rounds, time) = (world.options.rounds(), world.options.round());
    for (what, requests) in rows {
        let side =
            |service| Side::load(service, Backend::MariaDb.processes(), requests.clone(), world.options.connections);
        measured.rows.push(if let Some(baseline) = &baseline {
            let figures = alternate([side(&service), side(baseline)], rounds, time)?;
            Row::new(format!("MariaDB: {what} / the build before"), figures).goal("≥ 2")
        } else {
            let [figures] = alternate([side(&service)], rounds, time)?;
            Row::alone(format!("MariaDB: {what}"), figures)
        });
    }
    Ok(())
}
