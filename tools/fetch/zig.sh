#!/bin/sh
# Prints the folder with zig and cargo-zigbuild, as tools/fetch/zig.txt pins them; fetches them once, from PyPI.
# In it are bin/cargo-zigbuild and ziglang/zig.
set -eu
cd "$(dirname "$0")/../.."

folder=$PWD/.cache/zig-$(sha256sum tools/fetch/zig.txt | cut -c 1-12)
if [ ! -d "$folder" ]; then
    mkdir -p .cache
    work=$(mktemp -d "$PWD/.cache/zig.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    python3 -m pip --disable-pip-version-check install --quiet --root-user-action=ignore --no-deps --no-compile \
        --only-binary=:all: --require-hashes --requirement tools/fetch/zig.txt --target "$work/tools" >&2
    # Two may be fetching them at once; the second one's are the same.
    mv -T "$work/tools" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
