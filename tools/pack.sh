#!/bin/sh
# Packs a library that was built. The bytes of the archive depend on the library, the files of the commit and
# the tools alone: not on time, folder, user, umask or locale.
#
#   tools/pack.sh PLATFORM LIBRARY_FOLDER OUT_FOLDER   says the path of the archive
set -eu
umask 022
LC_ALL=C
export LC_ALL
libraries=$(cd "$2" && pwd)
out=$(cd "$3" && pwd)
cd "$(dirname "$0")/.."

. tools/platform.sh

platform=$1
triple=$(triple_of "$platform")
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
name=wxcoupon-$version-$platform
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/$name
soname=$(objdump -p "$libraries/libwxcoupon.so" | sed -n 's/^ *SONAME *//p')

# Files of the commit alone, not what lies about beside them. What is not there yet is left out.
files() {
    git ls-files -- README.md README.zh-CN.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT \
        include bindings examples-c docs sandbox/README.md | grep -v '^include/cbindgen\.toml$'
}

# The oldest glibc that has every symbol.
glibc_floor() {
    objdump -T "$libraries/libwxcoupon.so" | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu | tail -n 1
}

needed() {
    objdump -p "$libraries/libwxcoupon.so" | sed -n 's/^ *NEEDED *//p' | tr '\n' ' '
}

build_info() {
    cat <<INFO
wxcoupon     $version
platform     $platform ($triple)
commit       $(git describe --always --abbrev=40 --dirty --exclude='*')
date         $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
compiler     $(rustc --version)
soname       $soname
needs        $(needed)
glibc        $(glibc_floor) or later
INFO
}

files | while IFS= read -r file; do
    mkdir -p "$stage/$(dirname "$file")"
    cp "$file" "$stage/$file"
done
mkdir -p "$stage/lib"
cp "$libraries/libwxcoupon.so" "$stage/lib/$soname"
ln -s "$soname" "$stage/lib/libwxcoupon.so"
# Debug information of the standard library: a fifth of the file, and of no use without its sources.
strip --strip-debug --enable-deterministic-archives -o "$stage/lib/libwxcoupon.a" "$libraries/libwxcoupon.a"
tools/package-files.sh "$platform" ../include "$stage/lib"
build_info >"$stage/BUILD-INFO"
tools/third-party.sh "$triple" >"$stage/THIRD-PARTY.txt"
tools/sbom.sh "$triple" >"$stage/sbom.cdx.json"
(cd "$stage" && find . -type f | sed 's|^\./||' | sort | xargs -d '\n' sha256sum >"$work/SHA256SUMS")
mv "$work/SHA256SUMS" "$stage/SHA256SUMS"

tar --create --file=- --directory="$work" --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
    --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' "$name" | gzip -9 -n >"$out/$name.tar.gz"
cat "$stage/BUILD-INFO" >&2
echo "$out/$name.tar.gz"
