//! Pages of 50 people on PostgreSQL.

use super::requests::{LIST, MANAGED, check_same, get_as, get_each};
use crate::database::Backend;
use crate::fill::Filled;
use crate::http::bytes_of_get;
use crate::measure::{Figures, Side, alternate};
use crate::outcome::Outcome;
use crate::people::MANAGERS;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::sizing::Line;
use crate::world::World;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let limits = Service::start_limits(Some(&filled.database.url), None)?;
    let figures = everyone(world, &filled, [&service, &limits], "/postgres/page")?;
    measured
        .rows
        .push(Row::new("`GET /users/?limit=50` / the page raw", figures).goal("≥ 0.90; CPU ≤ 80 and ≤ 150 µs"));
    measured.sizing.push(Line::new("`GET /users/?limit=50`", figures[0]));
    let figures = managed(world, &filled, [&service, &limits], "/postgres/managed")?;
    measured.rows.push(Row::new("a manager's customers, 50 / the page raw", figures).goal("≥ 0.90"));
    Ok(())
}

/// The first page of everyone, and the same from `path` of the limits.
pub(super) fn everyone(
    world: &World<'_>,
    filled: &Filled,
    services: [&Service; 2],
    path: &str,
) -> Outcome<[Figures; 2]> {
    let requests = [get_as(LIST, [&filled.tokens.admin]), vec![bytes_of_get(path, None)]];
    beside_raw(world, filled, services, requests)
}

/// The first page of each manager in turn, and the same from `path` of the limits.
pub(super) fn managed(
    world: &World<'_>,
    filled: &Filled,
    services: [&Service; 2],
    path: &str,
) -> Outcome<[Figures; 2]> {
    let ids = (0..MANAGERS).map(|number| filled.people.manager(number));
    let requests = [get_as(MANAGED, &filled.tokens.managers), get_each(path, ids)];
    beside_raw(world, filled, services, requests)
}

/// The service and the limits, each with its requests, which must be for the same people.
pub(super) fn beside_raw(
    world: &World<'_>,
    filled: &Filled,
    services: [&Service; 2],
    requests: [Vec<Vec<u8>>; 2],
) -> Outcome<[Figures; 2]> {
    check_same(services, [&requests[0], &requests[1]])?;
    let (database, connections) = (filled.database.backend.processes(), world.options.connections);
    let [ours, raw] = requests;
    let ours = Side::load(services[0], database, ours, connections);
    let raw = Side::load(services[1], database, raw, connections);
    alternate([ours, raw], world.options.rounds(), world.options.round())
}
