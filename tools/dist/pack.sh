#!/bin/sh
# Packs a library and a command that were built. The bytes of the archive depend on both, the files of the commit and
# the tools alone: not on time, folder, user, umask or locale.
#
#   tools/dist/pack.sh PLATFORM LIBRARY_FOLDER COMMAND_FOLDER OUT_FOLDER   says the path of the archive
set -eu
umask 022
LC_ALL=C
export LC_ALL
libraries=$(cd "$2" && pwd)
command=$(cd "$3" && pwd)
out=$(cd "$4" && pwd)
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

platform=$1
use_rust "$platform"
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
name=wxcoupon-$version-$platform
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/$name
# Files of the commit alone, not what lies about beside them. What is not there yet is left out.
files() {
    git ls-files -- ':(glob)*.md' LICENSE-APACHE LICENSE-MIT include bindings examples-c docs hub/README.md hub/examples sandbox/README.md tests/README.md \
        'bench/*.md' 'bench/data/*.svg' | grep -v -e '^include/cbindgen\.toml$' -e '^docs/images/.*\.txt$'
}

# The shared library, as programs find it, and what they are linked with.
place_libraries() {
    mkdir -p "$stage/lib" "$stage/bin"
    if [ -e "$libraries/wxcoupon.dll" ]; then
        cp "$libraries/wxcoupon.dll" "$stage/bin"
        cp "$libraries/libwxcoupon.dll.a" "$libraries/wxcoupon.lib" "$libraries/wxcoupon.def" "$stage/lib"
        return
    fi
    if [ -e "$libraries/libwxcoupon.so" ]; then
        cp "$libraries/libwxcoupon.so" "$stage/lib/$(soname)"
        ln -s "$(soname)" "$stage/lib/libwxcoupon.so"
    fi
    # Debug information of the standard library: of no use without its sources.
    llvm-strip --strip-debug --enable-deterministic-archives -o "$stage/lib/libwxcoupon.a" "$libraries/libwxcoupon.a"
}

# The command, and where each shell and man look for what belongs to it.
place_command() {
    share=$stage/share
    case $platform in
    windows-*)
        cp "$command/wxcoupon.exe" "$stage/bin"
        place command/share/wxcoupon.ps1 "$share/powershell/wxcoupon.ps1"
        ;;
    *)
        cp "$command/wxcoupon" "$stage/bin"
        place command/share/wxcoupon.bash "$share/bash-completion/completions/wxcoupon"
        place command/share/_wxcoupon "$share/zsh/site-functions/_wxcoupon"
        place command/share/wxcoupon.fish "$share/fish/vendor_completions.d/wxcoupon.fish"
        place command/share/wxcoupon.1 "$share/man/man1/wxcoupon.1"
        place command/share/wxcoupon.zh_CN.1 "$share/man/zh_CN/man1/wxcoupon.1"
        ;;
    esac
}

place() { # file, where
    mkdir -p "$(dirname "$2")"
    cp "$1" "$2"
}

soname() {
    readelf --dynamic "$libraries/libwxcoupon.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

# What must be there for the library to be loaded; of glibc the oldest that has every symbol.
requirements() {
    case $platform in
    windows-*)
        echo "needs        $(objdump -p "$libraries/wxcoupon.dll" | sed -n 's/^.*DLL Name: //p' | sort -f | tr '\n' ' ')"
        ;;
    *-musl)
        echo 'needs        nothing: programs are linked with it statically'
        ;;
    *)
        floor=$(readelf --version-info "$libraries/libwxcoupon.so" | sed -n 's/.*Name: GLIBC_\([0-9.]*\).*/\1/p' |
            sort -Vu | tail -n 1)
        echo "soname       $(soname)"
        echo "needs        $(readelf --dynamic "$libraries/libwxcoupon.so" |
            sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')"
        echo "glibc        $floor or later"
        ;;
    esac
}

build_info() {
    cat <<INFO
wxcoupon     $version
platform     $platform ($(triple_of "$platform"))
commit       $(git describe --always --abbrev=40 --dirty --exclude='*')
date         $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
compiler     $("$RUSTC" --version)
INFO
    requirements
}

files | while IFS= read -r file; do
    mkdir -p "$stage/$(dirname "$file")"
    cp "$file" "$stage/$file"
done
place_libraries
place_command
tools/dist/package-files.sh "$platform" ../include "$stage/lib"
build_info >"$stage/BUILD-INFO"
tools/dist/third-party.sh "$platform" >"$stage/THIRD-PARTY.txt"
tools/dist/sbom.sh "$platform" >"$stage/sbom.cdx.json"
cat "$stage/BUILD-INFO" >&2
tools/dist/archive.sh "$platform" "$stage" "$out"
