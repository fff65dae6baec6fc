#!/bin/sh
# Builds the library for a platform and packs it with all that a till programmer needs:
#     target/dist/wxcoupon-VERSION-PLATFORM.tar.gz, a Python wheel for it, and SHA256SUMS beside them
#
#   tools/dist.sh [PLATFORM ...]   without a name: linux-x86_64
#
# The same commit, compiled with the same tools, gives the same bytes in every folder (tools/reproduce.sh).
set -eu
cd "$(dirname "$0")/.."

. tools/platform.sh
. tools/remap.sh

target_dir=${CARGO_TARGET_DIR:-$PWD/target}

build() { # Rust's name of the target
    remap_for "$1" "$target_dir"
    cargo build --quiet --locked --release --package wxcoupon --lib --target "$1" --target-dir "$target_dir"
}

# A clone downloads nothing twice, but the flags above name the folders of the registry.
cargo fetch --quiet --locked
out=$target_dir/dist
mkdir -p "$out"
[ $# -gt 0 ] || set -- linux-x86_64
for platform; do
    triple=$(triple_of "$platform")
    build "$triple"
    tools/pack.sh "$platform" "$target_dir/$triple/release" "$out"
    tools/wheel.sh "$target_dir/$triple/release/libwxcoupon.so" "$out"
done
(cd "$out" && sha256sum wxcoupon-*.tar.gz wxcoupon-*.whl >SHA256SUMS)
