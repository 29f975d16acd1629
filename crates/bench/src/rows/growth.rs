//! Pages far down, and pages of more people: neither should cost more.

use super::requests::{LIST, get_as};
use crate::database::Backend;
use crate::fill::Filled;
use crate::http::{ask, bytes_of_get, field};
use crate::measure::{Side, alternate};
use crate::outcome::Outcome;
use crate::people::MANAGERS;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::world::World;

/// As long as a page may be.
const STEP: usize = 200;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    depth(world, measured)?;
    size(world, measured)
}

fn depth(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let (database, connections) = (Backend::Postgres.processes(), world.options.connections);
    let deep = format!("{LIST}&cursor={}", cursor_near_the_end(&service, &filled)?);
    let sides = [deep.as_str(), LIST]
        .map(|path| Side::load(&service, database, get_as(path, [&filled.tokens.admin]), connections));
    let figures = alternate(sides, world.options.rounds(), world.options.round())?;
    measured.rows.push(Row::new("the page at 99 % of the list / the first", figures).goal("≥ 0.95"));
    Ok(())
}

/// Walks to 99 % of the list, as a caller would.
fn cursor_near_the_end(service: &Service, filled: &Filled) -> Outcome<String> {
    let people = 1 + MANAGERS + filled.people.customers;
    let mut path = format!("/users/?limit={STEP}");
    let mut cursor = String::new();
    for _ in 0..people * 99 / 100 / STEP {
        let page = ask(service.address, &bytes_of_get(&path, Some(&filled.tokens.admin)))?;
        cursor = field(&page, "next_cursor").ok_or("the list ended early")?;
        path = format!("/users/?limit={STEP}&cursor={cursor}");
    }
    Ok(cursor)
}

fn size(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let sizes = world.options.sizes();
    let [large, small] = [sizes.large, sizes.small].map(|customers| world.filled(Backend::Postgres, customers));
    let filled = [large?, small?];
    let [large, small] = [&filled[0], &filled[1]].map(|filled| world.serve(filled));
    let services = [large?, small?];
    let (database, connections) = (Backend::Postgres.processes(), world.options.connections);
    let side = |at: usize| Side::load(&services[at], database, get_as(LIST, [&filled[at].tokens.admin]), connections);
    let figures = alternate([side(0), side(1)], world.options.rounds(), world.options.round())?;
    let what = format!("`GET /users/?limit=50` of {} customers / of {}", sizes.large, sizes.small);
    measured.rows.push(Row::new(what, figures).goal("≥ 0.90"));
    Ok(())
}
