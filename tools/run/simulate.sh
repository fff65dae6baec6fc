#!/bin/sh
# Plays the simulation: tools/simulate.sh --help names its options.
#
#   tools/simulate.sh --as-built ...   the program as `cargo test --workspace` has left it
set -eu
cd "$(dirname "$0")/.."
program=${CARGO_TARGET_DIR:-target}/debug/wxcoupon-simulation
if [ "${1:-}" = --as-built ]; then
    shift
    test -x "$program"
else
    cargo build --quiet --locked --package wxcoupon-simulation
fi
exec "$program" "$@"
