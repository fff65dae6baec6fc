#!/bin/sh
# Builds the release library for a platform, or with -command behind its name the command wxcoupon, and says the folder that
# holds it. What was built from the same
# files with the same tools is not built again.
#
#   tools/build/library.sh PLATFORM
#
# tools/build/linux.sh and tools/build/windows.sh know how: they are given the platform and the folder to fill.
set -eu
cd "$(dirname "$0")/../.."

platform=$1
case $platform in
linux-*) build=tools/build/linux.sh ;;
windows-*) build=tools/build/windows.sh ;;
*)
    echo "no platform of ours: $platform" >&2
    exit 1
    ;;
esac

# All that the bytes depend on: sources as they are now, committed or not, and the compilers.
sources=''
[ "${platform%-command}" = "$platform" ] || sources='command'
key=$({
    # One word, or none.
    # shellcheck disable=SC2086
    git ls-files --cached --others --exclude-standard -- $sources src build.rs Cargo.toml Cargo.lock .cargo/config.toml include ':!include/*.md' \
        tools/build/library.sh "$build" tools/build/platform.sh tools/build/remap.sh tools/build/command.sh tools/fetch/zig.sh tools/fetch/zig.txt |
        LC_ALL=C sort | xargs -d '\n' sha256sum
    "$build" --tools "$platform"
} | sha256sum | cut -c 1-16)

kept=${CARGO_TARGET_DIR:-$PWD/target}/platform/$platform
mkdir -p "$kept"
# One at a time: whoever waits finds it built. A platform's variants leave their files in the same place.
lock=${kept%-test-hooks}
exec 9>"${lock%-command}.lock"
flock 9
if [ ! -d "$kept/$key" ]; then
    fresh=$kept/fresh.$$
    mkdir -p "$fresh"
    trap 'rm -rf "$fresh"' EXIT
    "$build" "$platform" "$fresh" >&2
    # Older ones are of no use: a checkout that comes back is built again.
    find "$kept" -mindepth 1 -maxdepth 1 -type d ! -name "fresh.$$" -exec rm -rf {} +
    mv "$fresh" "$kept/$key"
fi
echo "$kept/$key"
