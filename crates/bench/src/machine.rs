//! What the figures were measured on.

use std::fs;

/// Processors that this program may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The machine and what runs on it, as lines. Names of hosts and folders are nobody's business.
pub(crate) fn facts(databases: &[String]) -> Vec<String> {
    vec![
        format!(
            "{} cores of {}, {} GiB of memory, shared by the service, the database and the load",
            cores(),
            model(),
            memory()
        ),
        format!("Clientele {}; {}", env!("CARGO_PKG_VERSION"), databases.join("; ")),
    ]
}

fn model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "an unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

/// GiB, rounded.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| (kib + 512 * 1024) / (1024 * 1024))
}
