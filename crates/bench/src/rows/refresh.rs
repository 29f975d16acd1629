//! Sessions that go on: `POST /auth/refresh`.

use std::sync::{Arc, Mutex};

use super::requests::sign_in;
use crate::database::Backend;
use crate::http::{ask, field};
use crate::load::conversation::{Conversation, Renewals};
use crate::measure::{Figures, Side, alternate};
use crate::outcome::Outcome;
use crate::report::{Fact, Measured, Row};
use crate::service::Service;
use crate::sizing::Line;
use crate::world::World;

/// Sessions that are renewed at the same time, each with the token of its last answer.
const SESSIONS: usize = 16;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let tokens = (0..SESSIONS).map(|manager| first_token(&service, manager)).collect::<Outcome<Vec<_>>>()?;
    let renewals = || tokens.iter().map(|token| Box::new(Renewals::new(token.clone())) as Box<dyn Conversation>);
    let side = Side::talk(&service, Backend::Postgres.processes(), || renewals().collect());
    let [figures] = alternate([side], world.options.rounds(), world.options.round())?;
    measured.rows.push(Row::alone(format!("renewals of {SESSIONS} sessions"), figures));
    measured.facts.push(Fact::new(
        "renewals a second for each core that is busy with them",
        per_core(&figures),
        "≥ 1,000",
    ));
    measured.sizing.push(Line::new("refresh token requests", figures));
    Ok(())
}

/// A core of the service and the database together.
fn per_core(figures: &Figures) -> String {
    let micros = figures.cpu.unwrap_or(f64::NAN) + figures.database_cpu.unwrap_or(0.0);
    format!("{:.0}", 1e6 / micros)
}

fn first_token(service: &Service, manager: usize) -> Outcome<Arc<Mutex<String>>> {
    let answer = ask(service.address, &sign_in(manager))?;
    let token = field(&answer, "refresh_token").ok_or("a sign-in without a token")?;
    Ok(Arc::new(Mutex::new(token)))
}
