#!/bin/sh
# Builds the library for all platforms, and those that only tests use, and says how long each took. What was built
# from the same files is not built again (tools/build/library.sh).
#
#   tools/build/libraries.sh [NICENESS]     of all but the first, which most tests are for
set -eu
cd "$(dirname "$0")/../.."

build() { # niceness, platform ...
    niceness=$1 built=0
    shift
    for platform; do
        begun=$(date +%s)
        if nice -n "$niceness" tools/build/library.sh "$platform" >/dev/null; then
            echo "$platform: $(($(date +%s) - begun)) s"
        else
            built=1
        fi
    done
    return $built
}

# What comes one after the other shares a folder.
result=0 nice=${1:-0}
build "$nice" windows-x86_64 windows-x86 windows-x86_64-test-hooks windows-x86-test-hooks windows-x86_64-command &
windows=$!
build "$nice" linux-aarch64 linux-x86_64-musl linux-x86_64-musl-command &
linux=$!
build 0 linux-x86_64 || result=1
build "$nice" linux-x86_64-test-hooks linux-x86_64-command || result=1
for others in $windows $linux; do
    wait "$others" || result=1
done
exit $result
