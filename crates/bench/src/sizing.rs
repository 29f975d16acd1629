//! How much one processor does, in the layout of Keycloak's sizing guide: requests a second for each vCPU.

use crate::measure::Figures;
use crate::numbers::rate;

/// One kind of request.
pub(crate) struct Line {
    what: &'static str,
    figures: Figures,
}

impl Line {
    pub(crate) fn new(what: &'static str, figures: Figures) -> Self {
        Self { what, figures }
    }
}

/// The table, line by line.
pub(crate) fn table(lines: &[Line]) -> Vec<String> {
    let head = ["| what | a second for each vCPU of the service | vCPU of the database beside it |", "|---|---|---|"];
    head.into_iter().map(str::to_owned).chain(lines.iter().map(row)).collect()
}

fn row(line: &Line) -> String {
    let per_cpu = line.figures.cpu.map(|micros| rate(1e6 / micros)).unwrap_or_default();
    let beside =
        line.figures.database_cpu.zip(line.figures.cpu).map(|(database, cpu)| format!("{:.2}", database / cpu));
    format!("| {} | {per_cpu} | {} |", line.what, beside.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_does_what_its_time_allows() {
        let figures =
            Figures { rate: 1.0, p50: 1.0, p99: 1.0, cpu: Some(50.0), database_cpu: Some(25.0), refused: 0.0 };
        assert_eq!(row(&Line::new("`me`", figures)), "| `me` | 20,000 | 0.50 |");
    }
}
