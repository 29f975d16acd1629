//! `cargo run`, as the README has it, finds one program.

use std::process::Command;

use serde_json::Value;

use crate::document;

#[test]
fn cargo_run_finds_one_program() {
    let found = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(document("Cargo.toml"))
        .output()
        .unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let defaults = found["workspace_default_members"].as_array().unwrap();
    let packages = found["packages"].as_array().unwrap().iter().filter(|package| defaults.contains(&package["id"]));
    let targets = packages.flat_map(|package| package["targets"].as_array().unwrap());
    let programs: Vec<_> = targets.filter(|target| target["kind"][0] == "bin").map(|target| &target["name"]).collect();
    assert_eq!(programs, ["clientele"]);
    assert_eq!(defaults.len() + 1, found["packages"].as_array().unwrap().len(), "only the benchmark is left out");
}
