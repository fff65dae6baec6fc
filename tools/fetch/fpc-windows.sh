#!/bin/sh
# Prints a Free Pascal compiler for Windows: a command that takes what fpc takes. Builds it once.
#
#   tools/fetch/fpc-windows.sh PLATFORM   windows-x86_64 or windows-x86
#
# Debian has the compiler's source, but neither the units for Windows nor a compiler for i386. Its source lacks two
# files of the usual build: msgtxt.inc, which is made here, and makefile.cpu, without which the units are compiled
# one by one.
set -eu
cd "$(dirname "$0")/../.."

case ${1:-} in
windows-x86_64)
    cpu=x86_64
    system=win64
    ;;
windows-x86)
    cpu=i386
    system=win32
    ;;
*)
    echo "no platform of Free Pascal for Windows: ${1:-}" >&2
    exit 2
    ;;
esac

version=$(fpc -iV)
source=/usr/share/fpcsrc/$version
[ -d "$source" ] || {
    echo "the source of Free Pascal $version is not installed; tools/fetch/setup.sh installs it" >&2
    exit 1
}
key=$({
    dpkg-query --show "fp-compiler-$version" "fpc-source-$version"
    cat tools/fetch/fpc-windows.sh
} | sha256sum | cut -c 1-16)
folder=$PWD/.cache/fpc-$1-$key

# ppcross386 in the folder that is being built: the compiler for i386, compiled by the native one.
cross_compiler() {
    mkdir "$work/objects"
    native -o"$work/objects/msg2inc" "$source/compiler/utils/msg2inc.pp"
    messages=$(dirname "$(readlink -f "$(command -v ppcx64)")")/msg/errore.msg
    (cd "$work/objects" && ./msg2inc "$messages" msg msg)
    (cd "$source/compiler" && native -Fi"$work/objects" -Fui386 -Fusystems -Fux86 -Fii386 -Fix86 \
        -di386 -dGDB -Xs -Sg -o"$work/ppcross386" pp.pas)
    rm -r "$work/objects"
}

native() {
    fpc -v0 -O2 -FU"$work/objects" "$@"
}

units() { # compiler
    compiler=$1
    mkdir "$work/units"
    cd "$source/rtl/$system"
    unit -Us -Sg system.pp
    unit ../inc/heaptrc.pp
    unit ../inc/uuchar.pp
    unit -Fi../objpas ../objpas/objpas.pp
    [ "$cpu" = x86_64 ] || unit sysinitpas.pp
    unit -Fi../objpas/sysutils -Fi../objpas/classes -Fi../objpas -Fu../objpas buildrtl.pp
}

unit() {
    "$compiler" -v0 -n -T$system -P$cpu -O2 -FE"$work/units" -FU"$work/units" -Fu"$work/units" \
        -Fi../inc -Fi../$cpu -Fi../win -Fi../win/wininc -Fi. -Fu../inc -Fu../$cpu -Fu../common -Fu../win "$@"
}

if [ ! -d "$folder" ]; then
    mkdir -p .cache
    work=$(mktemp -d "$PWD/.cache/fpc.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if [ "$cpu" = i386 ]; then
        cross_compiler >&2
        (units "$work/ppcross386" >&2)
        compiler=$folder/ppcross386
    else
        (units ppcx64 >&2)
        compiler=ppcx64
    fi
    printf '#!/bin/sh\nexec "%s" -n -T%s -P%s -Fu"%s/units" "$@"\n' "$compiler" "$system" "$cpu" "$folder" >"$work/fpc"
    chmod +x "$work/fpc"
    # Two may be building it at once; the second one's is the same.
    mv -T "$work" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder/fpc"
