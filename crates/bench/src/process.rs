//! What `/proc` tells about processes (proc(5)).

use std::fs;

use crate::outcome::Outcome;

/// Microseconds of one clock tick: `USER_HZ` is 100 on every architecture that the program is built for.
const TICK: u64 = 10_000;

/// Microseconds of processor time that a process has used by now.
pub(crate) fn cpu(pid: u32) -> Outcome<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_cpu(&stat).ok_or_else(|| format!("/proc/{pid}/stat can't be read").into())
}

/// The same of all processes with one of these names, on this computer.
pub(crate) fn cpu_of_all(names: &[&str]) -> u64 {
    let Ok(folder) = fs::read_dir("/proc") else { return 0 };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stats = pids.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats
        .filter(|stat| parse_name(stat).is_some_and(|name| names.contains(&name)))
        .filter_map(|stat| parse_cpu(&stat))
        .sum()
}

/// Whether there is a process of such a name.
pub(crate) fn is_here(names: &[&str]) -> bool {
    cpu_of_all(names) > 0
}

/// KiB that a process holds in memory (`VmRSS`), or held at most (`VmHWM`).
pub(crate) fn memory(pid: u32, line: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let number = found.and_then(|text| text.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("there is no {line} in /proc/{pid}/status").into())
}

fn parse_name(stat: &str) -> Option<&str> {
    let (_, rest) = stat.split_once('(')?;
    rest.rsplit_once(')').map(|(name, _)| name)
}

/// `utime` and `stime` are fields 14 and 15; the name, field 2, may hold spaces.
fn parse_cpu(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) * TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "4242 (a (b) c) S 1 4242 4242 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 3 0 100 1000 10";

    #[test]
    fn times_and_names_are_read_whatever_the_name_holds() {
        assert_eq!(parse_cpu(STAT), Some(3_000_000));
        assert_eq!(parse_name(STAT), Some("a (b) c"));
        assert_eq!(parse_cpu("nonsense"), None);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(memory(std::process::id(), "VmRSS").unwrap() > 100);
        assert!(memory(std::process::id(), "VmNothing").is_err());
    }
}
