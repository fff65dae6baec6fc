#!/bin/sh
# Builds the library for Windows 7 and later with Debian's Rust and MinGW. tools/build/library.sh calls this.
#
#   tools/build/windows.sh PLATFORM FOLDER     windows-x86_64 or windows-x86: the DLL, its .def and import
#                                              libraries for MinGW (.dll.a) and Visual C++ (.lib)
#   tools/build/windows.sh --tools PLATFORM    the versions of all that the bytes depend on
#
# With -command behind its name it is the command wxcoupon.exe instead.
# With -test-hooks behind its name a platform's library has the exports that only tests call. It is linked without
# optimisation, which would take most of the time.
set -eu
cd "$(dirname "$0")/../.."

. tools/build/remap.sh
. tools/build/command.sh

# One Rust for both: the standard library is compiled from source, as none is ready-made for Windows 7, and its
# source must be the compiler's own. Cargo takes the flag for that with RUSTC_BOOTSTRAP alone.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_PROFILE_RELEASE_OPT_LEVEL=s

use_platform() {
    features='' optimised=s
    [ "${1%-test-hooks}" = "$1" ] || features=test-hooks optimised=0
    platform=${1%-test-hooks}
    case ${platform%-command} in
    windows-x86_64) cpu=x86_64 machine=i386:x86-64 ;;
    windows-x86) cpu=i686 machine=i386 ;;
    *)
        echo "no Windows platform of ours: $1" >&2
        exit 1
        ;;
    esac
    triple=$cpu-win7-windows-gnu
    mingw=$cpu-w64-mingw32
    # The crate cc does not know these targets, and would take the compiler of this machine. Debian has two of
    # each: with the other's unwinder comes a library of POSIX threads, which sets handlers in the host's process.
    name=$(echo "$triple" | tr - _)
    export "CC_$name=$mingw-gcc-win32" "AR_$name=$mingw-ar"
}

# i686 unwinds by tables that a program registers. The rustc that is made for this machine has no start-up object
# that does so; without it a panic ends the host where another copy of GCC's unwinder is loaded.
start_up_object() { # file
    "$RUSTC" --target i686-pc-windows-gnu --emit=obj -O -o "$1" "$rust_source/library/rtstartup/rsbegin.rs"
}

build() {
    rust_source=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust
    set -- "--remap-path-prefix=$rust_source=/rust" "-Clinker=$mingw-gcc-win32" -Clink-arg=-Wl,--no-insert-timestamp
    if [ $cpu = i686 ]; then
        start_up_object "$target_dir/rsbegin.o"
        set -- "$@" "-Zpre-link-arg=$target_dir/rsbegin.o"
    fi
    remap_for "$triple" "$target_dir" "$@"
    set -- --config 'profile.release.package.libsqlite3-sys.opt-level="s"' \
        -Zbuild-std=std,panic_unwind -Zbuild-std-features=panic-unwind --target "$triple"
    if [ "${variant%-command}" != "$variant" ]; then
        build_command /usr/bin/cargo "$target_dir" '' "$@"
        return
    fi
    # The shared library alone: beside an rlib Cargo optimises nothing across crates. No backtraces: a panic is
    # logged by its place.
    /usr/bin/cargo rustc --quiet --locked --release --package wxcoupon --lib --crate-type cdylib \
        --features "$features" --target-dir "$target_dir" "$@" -- -C "opt-level=$optimised"
}

if [ "$1" = --tools ]; then
    use_platform "$2"
    "$RUSTC" --version --verbose
    "$mingw-gcc-win32" --version
    "$mingw-ld" --version
    llvm-dlltool --help | head -n 1
    exit
fi

variant=$1
use_platform "$variant"
folder=$2
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/windows
cargo fetch --quiet --locked
mkdir -p "$target_dir"
build
if [ "${variant%-command}" != "$variant" ]; then
    cp "$target_dir/$triple/release/wxcoupon.exe" "$folder"
    exit
fi
cp "$target_dir/$triple/release/wxcoupon.dll" "$target_dir/$triple/release/libwxcoupon.dll.a" "$folder"
# What the library exports is what the import libraries offer.
{
    echo 'LIBRARY wxcoupon.dll'
    echo 'EXPORTS'
    "$mingw-objdump" -p "$folder/wxcoupon.dll" | sed -n 's/^\t\[ *[0-9]*\] .*\(wxcoupon_[a-z0-9_]*\)$/    \1/p'
} >"$folder/wxcoupon.def"
llvm-dlltool -m "$machine" -d "$folder/wxcoupon.def" -l "$folder/wxcoupon.lib"
