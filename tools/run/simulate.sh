#!/bin/sh
# Plays the simulation: tools/run/simulate.sh --help names its options.
#
#   tools/run/simulate.sh --as-built ...   the program as `cargo test --workspace` has left it
set -eu
cd "$(dirname "$0")/../.."
program=${CARGO_TARGET_DIR:-target}/debug/wxcoupon-simulation
if [ "${1:-}" = --as-built ]; then
    shift
    test -x "$program"
else
    cargo build --quiet --locked --workspace --bin wxcoupon-simulation --test layers
fi
exec "$program" "$@"
