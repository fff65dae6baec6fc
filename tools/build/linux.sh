#!/bin/sh
# Builds the library for Linux with zig as C compiler and linker, so that it asks for no newer C library than
# glibc 2.17, whatever this machine has. tools/build/library.sh calls this.
#
#   tools/build/linux.sh PLATFORM FOLDER     linux-x86_64, linux-aarch64: libwxcoupon.so and libwxcoupon.a;
#                                            linux-x86_64-musl: libwxcoupon.a, for programs that are all static
#   tools/build/linux.sh --tools PLATFORM    the versions of all that the bytes depend on
#
# With -command behind its name it is the command wxcoupon instead, linked with the C library of the platform.
# With -test-hooks behind its name a platform's library has the exports that only tests call. It is linked without
# optimisation, which would take most of the time.
set -eu
cd "$(dirname "$0")/../.."

. tools/build/platform.sh
. tools/build/features.sh
. tools/build/remap.sh
. tools/build/command.sh

if [ "$1" = --tools ]; then
    platform=${2%-test-hooks}
    use_rust "${platform%-command}"
    "$RUSTC" --version --verbose
    features_of wxcoupon "${platform%-command}"
    cat tools/fetch/zig.txt
    exit
fi

variant=$1
platform=${1%-test-hooks}
platform=${platform%-command}
# Elsewhere than on servers a smaller file counts for more, and it is signing that takes the time, in assembler.
optimised=3
[ "$platform" = linux-x86_64 ] || optimised=s
export CARGO_PROFILE_RELEASE_OPT_LEVEL=$optimised
features=$(features_of wxcoupon "$platform")
[ "$platform-test-hooks" != "$variant" ] || features=$features,wxcoupon/test-hooks optimised=0
folder=$2
triple=$(triple_of "$platform")
use_rust "$platform"
# What runs on this machine while the library is built, Debian's Rust compiles once for both of its platforms.
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/linux
[ "$platform" != linux-x86_64 ] || target_dir=${CARGO_TARGET_DIR:-$PWD/target}/$platform
zig=$(tools/fetch/zig.sh)
# Zig keeps the C libraries that it has compiled.
export CARGO_ZIGBUILD_ZIG_PATH="$zig/ziglang/zig" CARGO_ZIGBUILD_CACHE_DIR="$zig/wrappers" \
    ZIG_GLOBAL_CACHE_DIR="$zig/cache" ZIG_LOCAL_CACHE_DIR="$zig/cache"

target=$triple.2.17 kinds=cdylib,staticlib
[ "$platform" != linux-x86_64-musl ] || target=$triple kinds=staticlib
set -- --target "$target"
[ "$platform" = linux-x86_64 ] || set -- "$@" --config 'profile.release.package.libsqlite3-sys.opt-level="s"'
"$CARGO" fetch --quiet --locked
remap_for "$triple" "$target_dir"
if [ -n "${RUSTC_BOOTSTRAP:-}" ]; then
    rust_source=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust
    remap_for "$triple" "$target_dir" "--remap-path-prefix=$rust_source=/rust"
    # No backtraces: a panic is logged by its place.
    set -- "$@" -Zbuild-std=std,panic_unwind -Zbuild-std-features=panic-unwind
fi
if [ "$variant" = "$platform-command" ]; then
    # Debian's Rust has no start-up objects of musl's. Zig has.
    last_step=''
    [ "$platform" != linux-x86_64-musl ] || last_step=-Clink-self-contained=no
    build_command "$zig/bin/cargo-zigbuild" "$target_dir" "$last_step" --features "$features" "$@"
    cp "$target_dir/$triple/release/wxcoupon" "$folder"
    exit
fi
# Without the rlib: beside one Cargo optimises nothing across crates.
"$zig/bin/cargo-zigbuild" rustc --quiet --locked --release --package wxcoupon --lib --features "${features#,}" \
    --crate-type "$kinds" --target-dir "$target_dir" "$@" -- -C "opt-level=$optimised"
# A program looks for it under its SONAME.
[ "$platform" = linux-x86_64-musl ] || ln -s libwxcoupon.so "$folder/libwxcoupon.so.1"
for library in libwxcoupon.so libwxcoupon.a; do
    [ ! -e "$target_dir/$triple/release/$library" ] || cp "$target_dir/$triple/release/$library" "$folder"
done
