#!/bin/sh
# Builds library, hub and sandbox, and plays a chain of shops on this machine: tools/run/demo_chain.py
set -eu
cd "$(dirname "$0")/../.."

tools/fetch/setup.sh chain

echo 'Building the library, the hub and the sandbox (the first time this takes some minutes) ...'
cargo build --quiet --release --package wxcoupon --package wxcoupon-sandbox
# The hub's features would change what the library is built with, so it is built for itself.
cargo build --quiet --release --package wxcoupon-hub --features wxcoupon-hub/postgres
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
WXCOUPON_LIBRARY=$target/release/libwxcoupon.so PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bindings/python \
    exec python3 tools/run/demo_chain.py "$target/release"
