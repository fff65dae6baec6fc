#!/bin/sh
# Builds the archives of the last commit twice, in two fresh clones at paths of different length, and compares
# the bytes. Takes two release builds from nothing for every platform.
#
#   tools/dist/reproduce.sh [PLATFORM ...]   without a name: all
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR
commit=$(git rev-parse HEAD)

for clone in "$work/a" "$work/another folder/with a longer path"; do
    git clone --quiet --no-hardlinks . "$clone"
    # It may have moved on since the first clone was made.
    git -C "$clone" checkout --quiet --detach "$commit"
    # Another umask, time zone and language may not matter either.
    (cd "$clone" && umask 077 && TZ=Asia/Shanghai LANG=C.UTF-8 tools/dist/archives.sh "$@")
done
for archive in "$work"/a/target/dist/*; do
    cmp "$archive" "$work/another folder/with a longer path/target/dist/${archive##*/}"
done
cat "$work/a/target/dist/SHA256SUMS"
echo 'identical'
