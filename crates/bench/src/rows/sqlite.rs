//! The same rows on SQLite.

use super::{lists, me};
use crate::database::Backend;
use crate::outcome::Outcome;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::world::World;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Sqlite, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let limits = Service::start_limits(None, filled.database.path())?;
    let sides = [&service, &limits];
    let mut add =
        |what: String, figures| measured.rows.push(Row::new(format!("SQLite: {what}"), figures).goal("≥ 0.80"));
    let figures = me::cold(world, &filled, sides, "/sqlite/person")?;
    add(me::cold_name(&filled, &figures), figures);
    add("`GET /users/?limit=50` / the page raw".into(), lists::everyone(world, &filled, sides, "/sqlite/page")?);
    add("a manager's customers, 50 / the page raw".into(), lists::managed(world, &filled, sides, "/sqlite/managed")?);
    Ok(())
}
