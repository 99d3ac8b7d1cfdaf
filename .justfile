# The recipes that CI runs, under short names. `just` alone lists them.

[private]
default:
    @just --list

# Everything a change must pass
ci:
    ./.ci/run

# Format the code
fmt:
    cargo fmt --all

# Check formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Run all tests; arguments go to cargo test
test *args:
    ./tests/run {{args}}

# Check the dependencies' licences, advisories and sources against .deny.toml (needs cargo-deny)
deny:
    cargo deny check

# Run everything on this machine, with a demo
dev *args:
    ./deploy/dev {{args}}

# Measure a release build; arguments go to posthaste bench
bench *args:
    cargo run --release --locked --bin posthaste -- bench {{args}}
