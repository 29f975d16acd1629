# `just` lists the recipes; `just check` is what CI runs.

[private]
default:
    @just --list

# Everything that a change must pass: format, layers, lints, tests on every database, documentation
check:
    .ci/run

# The tests on SQLite, which need nothing installed
test *arguments:
    cargo test {{ arguments }}

# The console in Chromium; needs chromium, chromedriver and npm
browser *arguments:
    .ci/console/run
    TEST_BROWSER=1 cargo test --test browser -- {{ arguments }}

# Starts the service on http://127.0.0.1:8080
run *arguments:
    cargo run -p clientele -- {{ arguments }}

# Formats the code
fmt:
    cargo fmt --all

# The lints, as CI runs them
lint:
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# Prints the OpenAPI document, which docs/openapi.json holds
openapi:
    @cargo run -q -p clientele -- openapi

# Writes down the public items of the crates that other teams build on
public-api:
    .ci/public-api/run --write

# The documentation of the crates
doc:
    cargo doc --workspace --no-deps --open

# Measures the release program; see docs/benchmarks.md
bench *arguments:
    cargo run --release -p clientele-bench -- {{ arguments }}

# Layers, licences and sources of every crate in the tree
deny:
    cargo deny check bans licenses sources

# Known vulnerabilities; fetches the advisory database
advisories:
    cargo deny check advisories
