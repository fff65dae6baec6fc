#!/bin/sh
# Prints the path of axe-core, which finds faults of accessibility in a page; fetches it once, from npm.
set -eu
cd "$(dirname "$0")/../.."

version=4.14.1
sum=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745

folder=$PWD/.cache/axe-core-$version
if [ ! -d "$folder" ]; then
    mkdir -p .cache
    work=$(mktemp -d "$PWD/.cache/axe.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && npm pack --silent "axe-core@$version" >&2)
    echo "$sum  $work/axe-core-$version.tgz" | sha256sum --check --quiet >&2
    tar -xzf "$work/axe-core-$version.tgz" -C "$work"
    # Two may be fetching it at once; the second one's is the same.
    mv -T "$work/package" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder/axe.min.js"
