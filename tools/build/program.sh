#!/bin/sh
# Builds the sandbox or the hub as a program that needs nothing else, and says the folder that holds it. What was built
# from the same files with the same tools is not built again.
#
#   tools/build/program.sh PROGRAM PLATFORM     sandbox: with OpenSSL compiled in; hub: with AWS-LC and for PostgreSQL
#                                               windows-x86_64: for Windows 10 and later, the sandbox alone
#                                               linux-x86_64, linux-aarch64: asks for no newer C library than glibc 2.17
set -eu
cd "$(dirname "$0")/../.."

. tools/build/platform.sh
. tools/build/features.sh
. tools/build/remap.sh

package=wxcoupon-$1 platform=$2
case $1 in
sandbox)
    sources='sandbox/src sandbox/Cargo.toml'
    # A test tool that waits for its callers: a small file and a short build count for more than the last bit of speed.
    # What takes time in it is OpenSSL, which is in assembler.
    export CARGO_PROFILE_RELEASE_OPT_LEVEL=s CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    ;;
hub) sources='hub/src hub/Cargo.toml src build.rs include/cbindgen.toml' ;;
*)
    echo "no program of ours: $1" >&2
    exit 1
    ;;
esac
case $1-$platform in
sandbox-windows-x86_64) triple=x86_64-pc-windows-gnu program=$package.exe ;;
*-linux-x86_64 | *-linux-aarch64) triple=$(triple_of "$platform") program=$package ;;
*)
    echo "$package is not made for $platform" >&2
    exit 1
    ;;
esac
use_rust "$platform"
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/$1-$platform

tools() {
    features_of "$package" "$platform"
    "$RUSTC" --version --verbose
    case $platform in
    windows-*) x86_64-w64-mingw32-gcc-win32 --version && x86_64-w64-mingw32-ld --version ;;
    *) cat tools/fetch/zig.txt ;;
    esac
}

# All that the bytes depend on: sources as they are now, committed or not, and the compilers.
key=$({
    # One word each.
    # shellcheck disable=SC2086
    git ls-files --cached --others --exclude-standard -- $sources Cargo.toml Cargo.lock \
        .cargo/config.toml tools/build/program.sh tools/build/platform.sh tools/build/remap.sh tools/fetch/zig.sh \
        tools/fetch/zig.txt | LC_ALL=C sort | xargs -d '\n' sha256sum
    tools
} | sha256sum | cut -c 1-16)

# Debian's Rust has the standard library as source alone, for every platform but its own.
standard_library() {
    rust_source=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust
    build_std='-Zbuild-std=std,panic_unwind -Zbuild-std-features=panic-unwind'
}

build() {
    build_std='' rust_source=''
    [ -z "${RUSTC_BOOTSTRAP:-}" ] || standard_library
    set -- ${rust_source:+"--remap-path-prefix=$rust_source=/rust"}
    case $platform in
    windows-*)
        name=$(echo "$triple" | tr - _)
        mingw=x86_64-w64-mingw32
        export "CC_$name=$mingw-gcc-win32" "AR_$name=$mingw-ar" "RANLIB_$name=$mingw-ranlib"
        remap_for "$triple" "$target_dir" "-Clinker=$mingw-gcc-win32" -Clink-arg=-Wl,--no-insert-timestamp "$@"
        builder=$CARGO target=$triple
        ;;
    *)
        zig=$(tools/fetch/zig.sh)
        export CARGO_ZIGBUILD_ZIG_PATH="$zig/ziglang/zig" CARGO_ZIGBUILD_CACHE_DIR="$zig/wrappers" \
            ZIG_GLOBAL_CACHE_DIR="$zig/cache" ZIG_LOCAL_CACHE_DIR="$zig/cache"
        remap_for "$triple" "$target_dir" "$@"
        builder=$zig/bin/cargo-zigbuild target=$triple.2.17
        ;;
    esac
    # $build_std is two words, or none.
    # shellcheck disable=SC2086
    "$builder" rustc --quiet --locked --release --package "$package" --bin "$package" \
        --features "$(features_of "$package" "$platform")" $build_std --target "$target" --target-dir "$target_dir"
}

# OpenSSL keeps the folder that it was installed to, and the compiler's flags. Blank paths of the same length take
# the place of this machine's.
forget_paths() { # program
    for path in "$target_dir" "$PWD" "${CARGO_HOME:-$HOME/.cargo}"; do
        OF_THIS_MACHINE=$path perl -0777 -pi -e \
            's/\Q$ENV{OF_THIS_MACHINE}\E/"\/" x length($ENV{OF_THIS_MACHINE})/ge' "$1"
    done
}

kept=${CARGO_TARGET_DIR:-$PWD/target}/platform/$1-$platform
mkdir -p "$kept" "$target_dir"
# One at a time: whoever waits finds it built.
exec 9>"$kept.lock"
flock 9
if [ ! -d "$kept/$key" ]; then
    fresh=$kept/fresh.$$
    mkdir -p "$fresh"
    trap 'rm -rf "$fresh"' EXIT
    "$CARGO" fetch --quiet --locked >&2
    build >&2
    cp "$target_dir/$triple/release/$program" "$fresh"
    forget_paths "$fresh/$program"
    find "$kept" -mindepth 1 -maxdepth 1 -type d ! -name "fresh.$$" -exec rm -rf {} +
    mv "$fresh" "$kept/$key"
fi
echo "$kept/$key"
