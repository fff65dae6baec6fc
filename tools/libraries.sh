#!/bin/sh
# Builds the library for all platforms, and those that only tests use, and says how long each took. What was built
# from the same files is not built again (tools/build.sh).
#
#   tools/libraries.sh [NICENESS]     of all but the first, which most tests are for
set -eu
cd "$(dirname "$0")/.."

. tools/platform.sh

build() { # niceness, platform ...
    niceness=$1 built=0
    shift
    for platform; do
        begun=$(date +%s)
        if nice -n "$niceness" tools/build.sh "$platform" >/dev/null; then
            echo "$platform: $(($(date +%s) - begun)) s"
        else
            built=1
        fi
    done
    return $built
}

result=0
# These share a folder, and so come one after the other. One word each.
# shellcheck disable=SC2086,SC2154
build "${1:-0}" $elsewhere windows-x86_64-test-hooks windows-x86-test-hooks &
build 0 linux-x86_64 || result=1
build "${1:-0}" linux-x86_64-test-hooks || result=1
wait $! || result=1
exit $result
