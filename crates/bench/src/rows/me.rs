//! `GET /users/me` on PostgreSQL.

use std::time::Duration;

use super::lists::beside_raw;
use super::requests::{FEW, ME, get_as, get_each};
use crate::database::Backend;
use crate::fill::Filled;
use crate::http::bytes_of_get;
use crate::load;
use crate::load::conversation::Rotation;
use crate::measure::{Figures, Side, alternate};
use crate::outcome::Outcome;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::sizing::Line;
use crate::world::World;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let limits = Service::start_limits(Some(&filled.database.url), None)?;
    let figures = hot(world, &filled, [&service, &limits])?;
    measured.rows.push(Row::new(format!("`me` of {FEW} sessions / `hello`"), figures).goal("≥ 0.50, then 0.80"));
    measured.sizing.push(Line::new("`GET /users/me`, callers seen a moment ago", figures[0]));

    let figures = cold(world, &filled, [&service, &limits], "/postgres/person")?;
    measured.rows.push(Row::new(cold_name(&filled, &figures), figures).goal("≥ 0.60"));
    measured.sizing.push(Line::new("`GET /users/me`, each caller anew", figures[0]));
    Ok(())
}

fn hot(world: &World<'_>, filled: &Filled, [service, limits]: [&Service; 2]) -> Outcome<[Figures; 2]> {
    let (database, connections) = (Backend::Postgres.processes(), world.options.connections);
    let tokens = filled.tokens.managers.iter().take(FEW);
    let ours = Side::load(service, database, get_as(ME, tokens), connections);
    let hello = Side::load(limits, &[], vec![bytes_of_get("/hello", None)], connections);
    alternate([ours, hello], world.options.rounds(), world.options.round())
}

/// `me` of every customer with a session in turn, and their rows from `path` of the limits.
pub(super) fn cold(world: &World<'_>, filled: &Filled, services: [&Service; 2], path: &str) -> Outcome<[Figures; 2]> {
    let ids = (0..filled.tokens.customers.len()).map(|number| filled.people.customer(number));
    let requests = [get_as(ME, &filled.tokens.customers), get_each(path, ids)];
    see_each_once(world, services[0], &requests[0])?;
    beside_raw(world, filled, services, requests)
}

/// A signature is checked once in the life of a token, which is not what is measured.
fn see_each_once(world: &World<'_>, service: &Service, requests: &[Vec<u8>]) -> Outcome<()> {
    let rotation = Rotation::new(requests.to_vec());
    while rotation.asked() < requests.len() {
        load::run(service.address, rotation.shared(world.options.connections), Duration::from_secs(1))?;
    }
    Ok(())
}

/// Says how often each session is seen: a cache that remembers it for longer would be what is measured.
#[expect(clippy::cast_precision_loss, reason = "sessions are far fewer than 2^52")]
pub(super) fn cold_name(filled: &Filled, figures: &[Figures; 2]) -> String {
    let sessions = filled.tokens.customers.len();
    let every = sessions as f64 / figures[0].rate;
    format!("`me` of {sessions} sessions in turn, each seen every {every:.1} s / the row raw")
}
