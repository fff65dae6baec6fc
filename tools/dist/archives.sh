#!/bin/sh
# Builds library and command for each platform and packs them with all that a till programmer needs:
#     target/dist/wxcoupon-VERSION-PLATFORM.tar.gz or .zip, Python wheels, and SHA256SUMS beside them
#
#   tools/dist/archives.sh [PLATFORM ...]   without a name: all
#
# The same commit, compiled with the same tools, gives the same bytes in every folder (tools/dist/reproduce.sh).
set -eu
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

out=${CARGO_TARGET_DIR:-$PWD/target}/dist
rm -rf "$out"
mkdir -p "$out"
# One word each.
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $platforms
for platform; do
    libraries=$(tools/build/library.sh "$platform")
    command=$(tools/build/library.sh "$platform-command")
    tools/dist/pack.sh "$platform" "$libraries" "$command" "$out"
    for library in "$libraries/libwxcoupon.so" "$libraries/wxcoupon.dll"; do
        [ ! -e "$library" ] || tools/dist/wheel.sh "$library" "$out"
    done
done
(cd "$out" && sha256sum wxcoupon-* >SHA256SUMS)
