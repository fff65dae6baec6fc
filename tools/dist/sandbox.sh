#!/bin/sh
# Builds the sandbox for each platform and packs it with all that somebody without this project needs:
#     target/dist/wxcoupon-sandbox-VERSION-PLATFORM.tar.gz or .zip, and SHA256SUMS of all that lies there
#
#   tools/dist/sandbox.sh [PLATFORM ...]   without a name: all that it is made for
#
# The bytes depend on the folder: OpenSSL keeps the length of its path.
set -eu
umask 022
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

out=${CARGO_TARGET_DIR:-$PWD/target}/dist
mkdir -p "$out"
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What must be there for the program to start; of glibc the oldest that has every symbol.
requirements() {
    case $platform in
    windows-*)
        echo 'system       Windows 10 or later, 64 bits'
        echo "needs        $(objdump -p "$stage/wxcoupon-sandbox.exe" | sed -n 's/^.*DLL Name: //p' | sort -f | tr '\n' ' ')"
        ;;
    *)
        echo "needs        $(readelf --dynamic "$stage/wxcoupon-sandbox" |
            sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')"
        echo "glibc        $(readelf --version-info "$stage/wxcoupon-sandbox" |
            sed -n 's/.*Name: GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu | tail -n 1) or later"
        ;;
    esac
}

pack() { # folder with the program
    stage=$work/wxcoupon-sandbox-$version-$platform
    mkdir "$stage"
    cp "$1"/wxcoupon-sandbox* LICENSE-APACHE LICENSE-MIT "$stage"
    cp sandbox/README.md "$stage/README.md"
    # Its guide, with pictures.
    git ls-files -- 'docs/sandbox*.md' 'docs/images/*' | while IFS= read -r file; do
        mkdir -p "$stage/$(dirname "$file")"
        cp "$file" "$stage/$file"
    done
    case $platform in
    # Windows ends lines its own way.
    windows-*) sed 's/$/\r/' packaging/start.cmd >"$stage/start.cmd" ;;
    *) cp packaging/wxcoupon-sandbox.service "$stage" ;;
    esac
    {
        echo "sandbox      $version"
        echo "platform     $platform"
        echo "commit       $(git describe --always --abbrev=40 --dirty --exclude='*')"
        echo "compiler     $("$RUSTC" --version)"
        requirements
    } >"$stage/BUILD-INFO"
    tools/dist/third-party.sh "$platform" wxcoupon-sandbox >"$stage/THIRD-PARTY.txt"
    tools/dist/sbom.sh "$platform" wxcoupon-sandbox >"$stage/sbom.cdx.json"
    cat "$stage/BUILD-INFO" >&2
    tools/dist/archive.sh "$platform" "$stage" "$out"
}

# One word each.
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $sandbox_platforms
for platform; do
    program=$(tools/build/sandbox.sh "$platform")
    # Each platform has a Rust of its own.
    (use_rust "$platform" && pack "$program")
done
(cd "$out" && sha256sum wxcoupon-* >SHA256SUMS)
