#!/bin/sh
# Builds the library for all platforms, and those that only tests use, two at a time, and says how long each took.
# What was built from the same files is not built again (tools/build.sh).
set -eu
cd "$(dirname "$0")/.."

. tools/platform.sh

# Neighbours in this list build in folders of their own, so that none waits for the other.
# One word each; the shell that is called knows $1.
# shellcheck disable=SC2016,SC2086
printf '%s\n' $platforms linux-x86_64-test-hooks windows-x86_64-test-hooks windows-x86-test-hooks |
    xargs -P 2 -I '{}' sh -euc '
        begun=$(date +%s)
        tools/build.sh "$1" >/dev/null
        echo "$1: $(($(date +%s) - begun)) s"' - '{}'
