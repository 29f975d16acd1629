//! Changes of people. A statement that a connection sends in pieces must not wait for an acknowledgement between them.

use crate::database::Backend;
use crate::fill::Filled;
use crate::http::bytes_of_patch;
use crate::measure::{Side, alternate};
use crate::outcome::Outcome;
use crate::report::{Measured, Row};
use crate::service::Service;
use crate::world::World;

/// Bytes of metadata. With a thousand fewer, a statement is one piece.
const LARGE: usize = 9000;
/// Customers who are changed in turn.
const CUSTOMERS: usize = 100;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let filled = world.filled(Backend::Postgres, world.options.sizes().usual)?;
    // Over TLS where the server speaks it: there, less fits into a piece.
    let url = filled.database.url.replace("sslmode=disable", "sslmode=prefer");
    let service = Service::start(&world.program, &url)?;
    let side = |bytes| Side::load(&service, Backend::Postgres.processes(), changes(&filled, bytes), 1);
    let figures = alternate([side(LARGE), side(LARGE - 1000)], world.options.rounds(), world.options.round())?;
    let what = format!("`PATCH` with {LARGE} bytes of metadata, its time over TLS / with {}", LARGE - 1000);
    measured.rows.push(Row::latency(what, figures).goal("≤ 1.5"));
    Ok(())
}

/// Each of them changes something: when all customers have had one text, they get the other.
fn changes(filled: &Filled, bytes: usize) -> Vec<Vec<u8>> {
    let texts = ["a", "b"].map(|letter| format!(r#"{{"metadata":{{"text":"{}"}}}}"#, letter.repeat(bytes)));
    let change = |(text, number): (&String, usize)| {
        let path = format!("/users/{}", filled.people.customer(number));
        bytes_of_patch(&path, &filled.tokens.admin, text)
    };
    texts.iter().flat_map(|text| (0..CUSTOMERS).map(move |number| (text, number))).map(change).collect()
}
