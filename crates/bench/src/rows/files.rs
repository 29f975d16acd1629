//! Files of many people, read and written by the command line.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::database::Backend;
use crate::outcome::Outcome;
use crate::people::{MANAGERS, customer_name, manager_email, phone};
use crate::program::Taken;
use crate::report::{Fact, Measured};
use crate::world::World;

pub(super) fn measure(world: &mut World<'_>, measured: &mut Measured) -> Outcome<()> {
    let sizes = world.options.sizes();
    for (backend, name) in [(Backend::Postgres, "PostgreSQL"), (Backend::Sqlite, "SQLite")] {
        let taken = import(world, backend, sizes.usual)?;
        let what = format!("import of {} customers, {name}", sizes.usual);
        measured.facts.push(Fact::new(what, shown(sizes.usual, &taken), "≥ 25,000 rows/s, ≤ 64 MiB"));
    }
    let filled = world.filled(Backend::Postgres, sizes.large)?;
    let file = world.file("export.csv");
    let taken = world.program.run(&filled.database.url, &["export", "--output", &file.to_string_lossy()])?;
    let lines = count_lines(&file)?;
    if lines != 1 + 1 + MANAGERS + sizes.large {
        return Err(format!("the export has {lines} lines").into());
    }
    let what = format!("export of {} customers, PostgreSQL", sizes.large);
    measured.facts.push(Fact::new(what, shown(sizes.large, &taken), "≥ 100,000 rows/s, ≤ 64 MiB"));
    fs::remove_file(file)?;
    Ok(())
}

/// Imports customers into a database that has only staff.
fn import(world: &mut World<'_>, backend: Backend, customers: usize) -> Outcome<Taken> {
    let database = world.staffed(backend, "import")?;
    let file = world.file("import.csv");
    write_customers(&file, customers)?;
    world.program.run(&database, &["import", &file.to_string_lossy()])
}

fn write_customers(file: &Path, customers: usize) -> Outcome<()> {
    let mut text = String::from("phone,display_name,assigned_manager_email,metadata\n");
    for number in 0..customers {
        let metadata = if number.is_multiple_of(3) { r#""{""tier"":""gold""}""# } else { "" };
        let (phone, name, manager) = (phone(number), customer_name(number), manager_email(number));
        writeln!(text, "{phone},{name},{manager},{metadata}")?;
    }
    Ok(fs::write(file, text)?)
}

fn count_lines(file: &Path) -> Outcome<usize> {
    use std::io::{BufRead, BufReader};
    let mut count = 0;
    for line in BufReader::new(fs::File::open(file)?).lines() {
        line?;
        count += 1;
    }
    Ok(count)
}

#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
fn shown(rows: usize, taken: &Taken) -> String {
    let rate = rows as f64 / taken.time.as_secs_f64();
    format!("{rate:.0} rows/s, {} MiB at most", taken.memory / 1024)
}
