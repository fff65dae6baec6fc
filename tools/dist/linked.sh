#!/bin/sh
# The packages whose code is in the library and the command, or in another package of this workspace, as `cargo metadata` describes them,
# sorted, one JSON object a line.
# Build scripts and procedural macros run on the machine that builds; nothing of them ships.
#
#   tools/dist/linked.sh PLATFORM [PACKAGE]
set -eu
cd "$(dirname "$0")/../.."

. tools/build/platform.sh
. tools/build/features.sh

use_rust "$1"
triple=$(triple_of "$1")
package=${2:-wxcoupon}
packages="--package $package --features=$(features_of "$package" "$1")"
# Both are in one archive.
[ "$package" != wxcoupon ] || packages="$packages --package wxcoupon-command"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Metadata unites the features of all members; the tree is what these packages are built with.
# shellcheck disable=SC2086 # a list of options
"$CARGO" tree --locked $packages --edges normal,no-proc-macro --target "$triple" --prefix none \
    --format '{p}' | awk '{ sub(/^v/, "", $2); print $1 "@" $2 }' | sort -u >"$work/tree"
"$CARGO" metadata --locked --features="$(features_of "$package" "$1")" --format-version 1 --filter-platform "$triple" >"$work/metadata"
awk '/^name = /{name = $3} /^version = /{version = $3} /^checksum = /{print name "@" version " " $3}' \
    Cargo.lock | tr -d '"' >"$work/checksums"

jq --compact-output --rawfile tree "$work/tree" --rawfile checksums "$work/checksums" '
    def lines: split("\n") | map(select(. != ""));
    def key: "\(.name)@\(.version)";
    ($tree | lines | map({(.): true}) | add) as $linked
    | ($checksums | lines | map(split(" ") | {(.[0]): .[1]}) | add) as $sums
    | (.packages | map({(.id): key}) | add) as $keys
    | (.resolve.nodes | map({(.id): [.deps[] | select(any(.dep_kinds[]; .kind == null)) | $keys[.pkg]]}) | add)
        as $edges
    | .packages | sort_by(.name, .version)[] | select($linked[key])
    | {key: key, name, version, source, repository, manifest_path, checksum: $sums[key],
       license: ((.license // "") | gsub("/"; " OR ")),
       needs: ([$edges[.id][] | select($linked[.])] | unique)}
' "$work/metadata"
