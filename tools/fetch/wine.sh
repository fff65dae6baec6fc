#!/bin/sh
# Runs a Windows program with Wine; answers what it answers.
#
#   tools/fetch/wine.sh PLATFORM PROGRAM [ARGUMENT ...]   PLATFORM is windows-x86_64 or windows-x86
#
# Programs see this machine's files as drive Z:. Each platform has a Windows of its own below .cache/wine, made
# with the first program. What Wine keeps running in the background ends half a minute after the last program.
set -eu
cache=$(cd "$(dirname "$0")/../.." && pwd)/.cache/wine
platform=$1
shift

# Debian's 32-bit Wine is of the architecture i386, which a machine need not be set up for: unpacked to a
# folder, it asks no more of it than the package libc6-i386.
version=8.0~repack-4
fetch_wine32() { # folder
    pool=$(apt-get download --print-uris wine64 2>/dev/null | cut -d"'" -f2)
    if [ -z "$pool" ]; then
        # The lists of packages were taken away, as images do to be small.
        apt-get update >/dev/null 2>&1 || sudo -n apt-get update >/dev/null
        pool=$(apt-get download --print-uris wine64 | cut -d"'" -f2)
    fi
    pool=${pool%/*}
    while read -r package sum; do
        /usr/lib/apt/apt-helper -qq download-file "$pool/${package}_${version}_i386.deb" "$1/$package.deb" "SHA256:$sum"
        dpkg-deb --extract "$1/$package.deb" "$1"
        rm "$1/$package.deb"
    done <<'PACKAGES'
libwine c992aad6a47d81b719514f5d06c5df10267f1e40a6f4f3b4e3f655cbbf308d57
wine32 8d2ea88c4f45e813401e10f139456098f21a9a68440b36ea0da4644a2cbe21f8
PACKAGES
    # Its package takes this one from another, when it is installed; wine64's has done so here.
    cp /usr/lib/x86_64-linux-gnu/wine/i386-windows/zlib1.dll "$1/usr/lib/i386-linux-gnu/wine/i386-windows"
}

case $platform in
windows-x86_64)
    wine=/usr/lib/wine/wine64
    WINEARCH=win64 WINESERVER=/usr/lib/wine/wineserver64
    ;;
windows-x86)
    root=$cache/debian-$version
    wine=$root/usr/lib/wine/wine
    WINEARCH=win32 WINESERVER=$root/usr/lib/wine/wineserver32 WINEDLLPATH=$root/usr/lib/i386-linux-gnu/wine
    export WINEDLLPATH
    ;;
*)
    echo "no Windows platform of ours: $platform" >&2
    exit 2
    ;;
esac
WINEPREFIX=$cache/$platform
# Names of files are text only where the locale says how they are spelt. Nothing here shows pages or menus.
LC_ALL=C.UTF-8 WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
export WINEARCH WINESERVER WINEPREFIX LC_ALL WINEDEBUG WINEDLLOVERRIDES
unset DISPLAY

if [ ! -e "$WINEPREFIX/made" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/$platform.lock"
    flock 9
    if [ "$platform" = windows-x86 ] && [ ! -e "$root" ]; then
        rm -rf "$root.fresh"
        mkdir "$root.fresh"
        fetch_wine32 "$root.fresh" >&2
        mv "$root.fresh" "$root"
    fi
    if [ ! -e "$WINEPREFIX/made" ]; then
        rm -rf "$WINEPREFIX"
        "$wine" wineboot --init >"$cache/$platform.log" 2>&1 9>&- || {
            cat "$cache/$platform.log" >&2
            exit 1
        }
        : >"$WINEPREFIX/made"
    fi
    exec 9>&-
fi
# Wine's background processes would hold on to the output of the program that starts them: they are started first.
{
    "$WINESERVER" --persistent=30 || :
    "$wine" wineboot || :
} </dev/null >/dev/null 2>&1
exec "$wine" "$@"
