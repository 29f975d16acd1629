//! A database with people in it, and tokens for some of them.

use std::time::Instant;

use domain::{Clock, SystemClock};
use tokio::runtime::Runtime;

use crate::database::Database;
use crate::outcome::Outcome;
use crate::people::{PASSWORD, People};
use crate::program::Program;
use crate::tokens::{self, Tokens};

/// The default cost of the service, which would renew cheaper hashes as their owners sign in.
pub(crate) const COST: u32 = 12;

/// A database with people in it.
pub(crate) struct Filled {
    pub(crate) database: Database,
    pub(crate) people: People,
    pub(crate) tokens: Tokens,
}

/// Fills an empty database: `customers` people of whom `sessions` are signed in, and the staff, all of them signed in.
pub(crate) fn fill(
    runtime: &Runtime,
    program: &Program,
    database: Database,
    customers: usize,
    sessions: usize,
) -> Outcome<Filled> {
    let began = Instant::now();
    program.run(&database.url, &["migrate", "up"])?;
    let people = store_people(runtime, &database, customers)?;
    let (tokens, parts) = runtime.block_on(tokens::make(&people, sessions.min(customers)))?;
    for part in parts {
        database.insert(runtime, part)?;
    }
    database.settle(runtime)?;
    eprintln!("filled {customers} customers in {:.1} s", began.elapsed().as_secs_f64());
    Ok(Filled { database, people, tokens })
}

/// Everybody, in a database that has its tables.
fn store_people(runtime: &Runtime, database: &Database, customers: usize) -> Outcome<People> {
    let people = People::until(SystemClock.now(), customers);
    for part in people.rows(&bcrypt::hash(PASSWORD, COST)?) {
        database.insert(runtime, part)?;
    }
    Ok(people)
}

/// Only the staff, in an empty database.
pub(crate) fn fill_staff(runtime: &Runtime, program: &Program, database: &Database) -> Outcome<()> {
    program.run(&database.url, &["migrate", "up"])?;
    store_people(runtime, database, 0)?;
    database.settle(runtime)
}
