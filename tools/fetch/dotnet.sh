#!/bin/sh
# Prints the folder of a .NET runtime, CoreCLR, with the host program `dotnet` in it; fetches it once, from PyPI.
#
#   tools/fetch/dotnet.sh PLATFORM   linux-x86_64, windows-x86_64 or windows-x86
#
# Debian has no CoreCLR. The package dotnetcore2 carries Microsoft's, and is a test aid only. A program is a
# .dll with a .runtimeconfig.json beside it, which must ask for System.Globalization.Invariant: there is no ICU.
set -eu
cd "$(dirname "$0")/../.."

version=3.1.23
case ${1:-} in
linux-x86_64)
    tag=manylinux1_x86_64
    sum=5f076ddc39da0c685e7de20ecb91ee81185928918ec86fbeb3bffc55dd867ab5
    ;;
windows-x86_64)
    tag=win_amd64
    sum=e2528813677d7a080522336cb530442408d1e2aea76fa8657018fb532c03c252
    ;;
windows-x86)
    tag=win32
    sum=bfa7f4c1301bb8e6efaa231a9de9f427b8556947d6c9875cbfc6add5777edacc
    ;;
*)
    echo "no platform with a .NET runtime: ${1:-}" >&2
    exit 2
    ;;
esac

folder=$PWD/.cache/dotnet-$version-$1
if [ ! -d "$folder" ]; then
    mkdir -p .cache
    work=$(mktemp -d "$PWD/.cache/dotnet.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: \
        --platform "$tag" --dest "$work" "dotnetcore2==$version" >&2
    wheel=$(echo "$work"/*.whl)
    echo "$sum  $wheel" | sha256sum --check --quiet >&2
    python3 -m zipfile -e "$wheel" "$work"
    chmod +x "$work"/dotnetcore2/bin/dotnet*
    # Two may be fetching it at once; the second one's is the same.
    mv -T "$work/dotnetcore2/bin" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
