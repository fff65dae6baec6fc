#!/bin/sh
# Builds the sandbox and packs it with all that somebody without this project needs.
#
#   tools/dist/sandbox.sh PLATFORM OUT_FOLDER   says the path of the archive
set -eu
umask 022
LC_ALL=C
export LC_ALL
out=$(cd "$2" && pwd)
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

platform=$1
program=$(tools/build/sandbox.sh "$platform")
use_rust "$platform"
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/wxcoupon-sandbox-$version-$platform
mkdir "$stage"

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

cp "$program"/wxcoupon-sandbox* LICENSE-APACHE LICENSE-MIT "$stage"
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
