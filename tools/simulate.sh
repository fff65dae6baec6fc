#!/bin/sh
# Plays the simulation: tools/simulate.sh --help names its options.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --locked --package wxcoupon-simulation
exec "${CARGO_TARGET_DIR:-target}/debug/wxcoupon-simulation" "$@"
