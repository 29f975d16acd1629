//! What was measured, as Markdown.

use std::fs;
use std::path::Path;

use crate::measure::Figures;
use crate::numbers::{micros, millis, rate};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::sizing::{self, Line};

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) sizing: Vec<Line>,
    pub(crate) failures: Vec<String>,
}

/// A rate, and what it is compared with.
pub(crate) struct Row {
    what: String,
    ours: Figures,
    limit: Option<Figures>,
    goal: &'static str,
    /// Whether times are compared instead of rates.
    of_times: bool,
}

/// A figure that has no limit beside it.
pub(crate) struct Fact {
    what: String,
    value: String,
    goal: &'static str,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, [ours, limit]: [Figures; 2]) -> Self {
        Self { limit: Some(limit), ..Self::alone(what, ours) }
    }

    pub(crate) fn alone(what: impl Into<String>, ours: Figures) -> Self {
        Self { what: what.into(), ours, limit: None, goal: "", of_times: false }
    }

    /// A row that compares medians of times.
    pub(crate) fn latency(what: impl Into<String>, figures: [Figures; 2]) -> Self {
        Self { of_times: true, ..Self::new(what, figures) }
    }

    pub(crate) fn goal(self, goal: &'static str) -> Self {
        Self { goal, ..self }
    }

    fn ratio(&self) -> Option<f64> {
        let limit = self.limit?;
        Some(if self.of_times { self.ours.p50 / limit.p50 } else { self.ours.rate / limit.rate })
    }

    fn line(&self) -> String {
        let ratio = self.ratio().map(|ratio| format!("**{ratio:.2}**")).unwrap_or_default();
        let limit = self.limit.map(|limit| rate(limit.rate)).unwrap_or_default();
        let refused =
            if self.ours.refused > 0.0 { format!(", {} told to wait", rate(self.ours.refused)) } else { String::new() };
        format!(
            "| {} | {}{refused} | {limit} | {ratio} | {} | {} | {} | {} | {} |",
            self.what,
            rate(self.ours.rate),
            self.goal,
            self.both(|figures| Some(millis(figures.p50))),
            self.both(|figures| Some(millis(figures.p99))),
            self.both(|figures| figures.cpu.map(micros)),
            self.both(|figures| figures.database_cpu.map(micros)),
        )
    }

    /// Ours, and the limit's in brackets.
    fn both(&self, figure: impl Fn(&Figures) -> Option<String>) -> String {
        let limit = self.limit.as_ref().and_then(&figure).map(|figure| format!(" ({figure})")).unwrap_or_default();
        figure(&self.ours).unwrap_or_default() + &limit
    }
}

impl Fact {
    pub(crate) fn new(what: impl Into<String>, value: String, goal: &'static str) -> Self {
        Self { what: what.into(), value, goal }
    }
}

/// The tables, with what they were measured on and how.
pub(crate) fn markdown(facts: &[String], options: &Options, measured: &Measured) -> String {
    let sizes = options.sizes();
    let mut lines: Vec<String> = facts.iter().map(|fact| format!("- {fact}")).collect();
    lines.push(format!(
        "- {} customers unless said otherwise, 200 managers, {} connections unless said otherwise, medians of {} rounds of {} s{}",
        rate(f64::from(u32::try_from(sizes.usual).unwrap_or(u32::MAX))),
        options.connections,
        options.rounds(),
        options.round().as_secs_f64(),
        if options.quick { "; `--quick`, which is not to be quoted" } else { "" }
    ));
    if !measured.rows.is_empty() {
        lines.extend([String::new(), HEAD.to_owned(), "|---|---|---|---|---|---|---|---|---|".to_owned()]);
        lines.extend(measured.rows.iter().map(Row::line));
    }
    if !measured.facts.is_empty() {
        lines.extend([String::new(), "| what | figure | goal |".to_owned(), "|---|---|---|".to_owned()]);
        lines.extend(measured.facts.iter().map(|fact| format!("| {} | {} | {} |", fact.what, fact.value, fact.goal)));
    }
    if !measured.sizing.is_empty() {
        lines.push(String::new());
        lines.extend(sizing::table(&measured.sizing));
    }
    if !measured.failures.is_empty() {
        lines.push("\nNot measured:\n".to_owned());
        lines.extend(measured.failures.iter().map(|failure| format!("- {failure}")));
    }
    lines.join("\n") + "\n"
}

const HEAD: &str = "| ours / limit | ours, /s | limit, /s | ratio | goal | p50, ms (limit) | p99, ms (limit) | CPU of the \
     server, µs each (limit) | CPU of the database, µs each (limit) |";

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->";

/// Writes the tables between the markers of a file, or to standard output.
pub(crate) fn write(file: Option<&Path>, text: &str) -> Outcome<()> {
    let Some(file) = file else {
        println!("{text}");
        return Ok(());
    };
    let old = fs::read_to_string(file)?;
    let new = replaced(&old, text).ok_or_else(|| format!("{} has no markers", file.display()))?;
    Ok(fs::write(file, new)?)
}

fn replaced(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn figures(rate: f64, p50: f64) -> Figures {
        Figures { rate, p50, p99: 2.5, cpu: Some(25.0), database_cpu: None, refused: 0.0 }
    }

    #[test]
    fn a_row_compares_rates_or_times() {
        let row = Row::new("`me` / raw", [figures(5000.0, 1.0), figures(10_000.0, 0.5)]).goal("≥ 0.60");
        assert_eq!(
            row.line(),
            "| `me` / raw | 5,000 | 10,000 | **0.50** | ≥ 0.60 | 1.00 (0.50) | 2.50 (2.50) | 25 (25) |  |"
        );
        let row = Row::latency("one", [figures(1.0, 3.0), figures(1.0, 2.0)]);
        assert!(row.line().contains("**1.50**"));
    }

    #[test]
    fn failures_are_in_the_report() {
        let measured = Measured { failures: vec!["`me`: answered 500".into()], ..Measured::default() };
        let text = markdown(&[], &Options::parse_from(["clientele-bench"]), &measured);
        assert!(text.contains("Not measured:\n\n- `me`: answered 500"), "{text}");
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let old = format!("a\n{BEGIN}old\n{END}\nz\n");
        let new = replaced(&old, "new").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\nnew\n{END}\nz\n"));
        assert_eq!(replaced(&new, "new"), Some(new));
        assert_eq!(replaced("no markers", "new"), None);
    }
}
