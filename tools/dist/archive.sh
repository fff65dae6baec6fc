#!/bin/sh
# Makes an archive of a folder, with SHA256SUMS in it, and says its path. Its bytes depend on names, modes and content of the
# files and on SOURCE_DATE_EPOCH alone. Windows opens .zip by itself.
#
#   tools/dist/archive.sh PLATFORM FOLDER OUT_FOLDER
set -eu
LC_ALL=C
export LC_ALL
stage=$(cd "$2" && pwd)
out=$(cd "$3" && pwd)
name=$(basename "$stage")

sums=$(mktemp)
trap 'rm -f "$sums"' EXIT
(cd "$stage" && find . -type f | sed 's|^\./||' | sort | xargs -d '\n' sha256sum >"$sums")
cp "$sums" "$stage/SHA256SUMS"
chmod 644 "$stage/SHA256SUMS"
cd "$stage/.."
case $1 in
windows-*)
    find "$name" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    rm -f "$out/$name.zip"
    find "$name" -type f | sort | TZ=UTC zip -9 --quiet -X "$out/$name.zip" -@
    echo "$out/$name.zip"
    ;;
*)
    tar --create --file=- --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' "$name" | gzip -9 -n >"$out/$name.tar.gz"
    echo "$out/$name.tar.gz"
    ;;
esac
