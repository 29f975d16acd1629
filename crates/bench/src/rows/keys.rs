//! API keys, and introspection: what programs ask, beside what people ask.

use super::requests::{FEW, ME, get_as, sign_in_as};
use crate::database::Backend;
use crate::http::{ask, bytes_of_get, bytes_of_post, field};
use crate::measure::{Side, alternate};
use crate::outcome::Outcome;
use crate::people::{ADMIN, manager_email};
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::sizing::Line;
use crate::world::World;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    let service = world.serve(&filled)?;
    let limits = Service::start_limits(None, None)?;
    let keys = (0..FEW).map(|number| new_key(&service, &manager_email(number), "read_user"));
    let keys = keys.collect::<Outcome<Vec<_>>>()?;
    let introspecting = new_key(&service, ADMIN, "introspect")?;
    let asked = filled.tokens.managers.iter().take(FEW).map(|token| introspection(&introspecting, token));

    let rows = [
        (format!("`me` of {FEW} API keys / `hello`"), get_as(ME, &keys), "`GET /users/me` by an API key"),
        (format!("introspection of {FEW} tokens by a key / `hello`"), asked.collect(), "token introspections"),
    ];
    for (what, requests, sized) in rows {
        let (database, connections) = (Backend::Postgres.processes(), world.options.connections);
        let ours = Side::load(&service, database, requests, connections);
        let hello = Side::load(&limits, &[], vec![bytes_of_get("/hello", None)], connections);
        let figures = alternate([ours, hello], world.options.rounds(), world.options.round())?;
        measured.rows.push(Row::new(what, figures));
        measured.sizing.push(Line::new(sized, figures[0]));
    }
    Ok(())
}

/// Signs in and makes a key with this scope.
fn new_key(service: &Service, email: &str, scope: &str) -> Outcome<String> {
    let session = ask(service.address, &sign_in_as(email))?;
    let token = field(&session, "access_token").ok_or("a sign-in without a token")?;
    let body = format!(r#"{{"name":"bench","scopes":["{scope}"]}}"#);
    let key = ask(service.address, &bytes_of_post("/auth/keys", Some(&token), "application/json", &body))?;
    field(&key, "key").ok_or_else(|| "a key without its text".into())
}

fn introspection(key: &str, token: &str) -> Vec<u8> {
    let body = format!("token={token}");
    bytes_of_post("/oauth/introspect", Some(key), "application/x-www-form-urlencoded", &body)
}
