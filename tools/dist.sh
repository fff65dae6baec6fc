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

root=$PWD
target_dir=${CARGO_TARGET_DIR:-$root/target}
cargo_home=${CARGO_HOME:-$HOME/.cargo}

# No path of this machine gets into the library: rustc and the C compiler write others in their place. Of
# several prefixes that fit, the last one given is taken.
remap() { # flag, separator, quote
    printf '%s%s=%s=/wxcoupon%s' "$3" "$1" "$root" "$3"
    printf "$2%s%s=%s=/target%s" "$3" "$1" "$target_dir" "$3"
    printf "$2%s%s=%s=/cargo%s" "$3" "$1" "$cargo_home" "$3"
    for registry in "$cargo_home"/registry/src/*/; do
        printf "$2%s%s=%s=/crates%s" "$3" "$1" "${registry%/}" "$3"
    done
}

build() { # Rust's name of the target
    CARGO_ENCODED_RUSTFLAGS=$(remap --remap-path-prefix '\037' '')
    flags_name=CFLAGS_$(printf '%s' "$1" | tr - _)
    # Folders may have blanks in their names: the crate cc is told that the flags are quoted.
    export CARGO_ENCODED_RUSTFLAGS CC_SHELL_ESCAPED_FLAGS=1 "$flags_name=$(remap -ffile-prefix-map ' ' '"')"
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
