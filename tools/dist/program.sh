#!/bin/sh
# Builds the sandbox or the hub for each platform and packs it with all that somebody without this project needs:
#     target/dist/wxcoupon-PROGRAM-VERSION-PLATFORM.tar.gz or .zip, and SHA256SUMS of all that lies there
#
#   tools/dist/program.sh PROGRAM [PLATFORM ...]   sandbox or hub; without a platform: all that it is made for
#
# The bytes depend on the folder: the programs' cryptography keeps the length of its path.
set -eu
umask 022
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

name=$1 program=wxcoupon-$1
shift
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
        echo "needs        $(objdump -p "$stage/$program.exe" | sed -n 's/^.*DLL Name: //p' | sort -f | tr '\n' ' ')"
        ;;
    *)
        echo "needs        $(readelf --dynamic "$stage/$program" |
            sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')"
        echo "glibc        $(readelf --version-info "$stage/$program" |
            sed -n 's/.*Name: GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu | tail -n 1) or later"
        ;;
    esac
}

# What belongs to the program beside what every program has.
extras() {
    case $name in
    sandbox)
        # Its guide, with pictures.
        git ls-files -- 'docs/sandbox*.md' 'docs/images/*' | keep
        case $platform in
        # Windows ends lines its own way.
        windows-*) sed 's/$/\r/' packaging/start.cmd >"$stage/start.cmd" ;;
        *) cp packaging/wxcoupon-sandbox.service "$stage" ;;
        esac
        ;;
    hub)
        cp hub/share/wxcoupon-hub.service "$stage"
        git ls-files -- 'docs/*chain.md' 'docs/*hub-protocol.md' 'docs/*till.md' 'docs/images/chain*' hub/examples | keep
        ;;
    esac
}

# Files of the commit, at the same place.
keep() {
    while IFS= read -r file; do
        mkdir -p "$stage/$(dirname "$file")"
        cp "$file" "$stage/$file"
    done
}

pack() { # folder with the program
    stage=$work/$program-$version-$platform
    mkdir "$stage"
    cp "$1/$program"* LICENSE-APACHE LICENSE-MIT "$stage"
    cp "$name/README.md" "$stage/README.md"
    extras
    {
        printf '%-12s %s\n' "$name" "$version"
        echo "platform     $platform"
        echo "commit       $(git describe --always --abbrev=40 --dirty --exclude='*')"
        echo "compiler     $("$RUSTC" --version)"
        requirements
    } >"$stage/BUILD-INFO"
    tools/dist/third-party.sh "$platform" "$program" >"$stage/THIRD-PARTY.txt"
    tools/dist/sbom.sh "$platform" "$program" >"$stage/sbom.cdx.json"
    cat "$stage/BUILD-INFO" >&2
    tools/dist/archive.sh "$platform" "$stage" "$out"
}

case $name in
sandbox) all=$sandbox_platforms ;;
hub) all=$hub_platforms ;;
esac
# One word each.
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
for platform; do
    built=$(tools/build/program.sh "$name" "$platform")
    # Each platform has a Rust of its own.
    (use_rust "$platform" && pack "$built")
done
(cd "$out" && sha256sum wxcoupon-* >SHA256SUMS)
