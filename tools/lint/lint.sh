#!/bin/sh
# Format, lints, licences and duplicates of dependencies, shell scripts.
#
#   tools/lint/lint.sh advisories   known defects of dependencies instead; needs the RustSec database
set -eu
cd "$(dirname "$0")/../.."

deny_version=0.20.2
tools=$PWD/.cache/tools

if ! "$tools/bin/cargo-deny" --version 2>/dev/null | grep -qF "$deny_version"; then
    echo "installing cargo-deny $deny_version into .cache/tools (once, some minutes) ..."
    # Optimised it would take three times as long to build, and has little to do.
    CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --debug cargo-deny --locked --version "$deny_version" --root "$tools"
fi
if [ "${1:-}" = advisories ]; then
    exec "$tools/bin/cargo-deny" check advisories
fi

cargo fmt --all --check
cargo clippy --quiet --workspace --all-targets --features wxcoupon/test-hooks,wxcoupon/postgres,wxcoupon-hub/postgres -- -D warnings
"$tools/bin/cargo-deny" --log-level error check --hide-inclusion-graph bans licenses sources
shellcheck -x tools/*/*.sh .ci/run
