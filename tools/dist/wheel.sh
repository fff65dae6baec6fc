#!/bin/sh
# Makes a Python wheel that carries the library:
#
#   tools/dist/wheel.sh LIBRARY FOLDER   LIBRARY is a release build, libwxcoupon.so or wxcoupon.dll; the wheel goes
#                                   into FOLDER
#
# PYTHON names the interpreter (python3). Where it has setuptools and wheel, nothing is downloaded; else they are
# those of packaging/wheel-constraints.txt. The bytes depend on the library, the files of the commit and these
# tools: not on time, folder, user or umask.
set -eu
umask 022
library=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
cd "$(dirname "$0")/../.."

# The tag promises a glibc: the newest one that the library asks for, and never less than manylinux2014's.
manylinux() {
    minor=$(readelf --version-info "$library" | grep -o 'GLIBC_2\.[0-9]*' | cut -d. -f2 | sort -n | tail -n 1)
    [ "$minor" -ge 17 ] || minor=17
    echo "manylinux_2_${minor}_$1"
}

case $(objdump --file-headers "$library" | sed -n 's/^.*file format //p') in
pei-x86-64) tag=win_amd64 file=wxcoupon.dll ;;
pei-i386) tag=win32 file=wxcoupon.dll ;;
*)
    file=libwxcoupon.so.1
    machine=$(readelf --file-header "$library" | sed -n 's/^ *Machine: *//p')
    case $machine in
    *X86-64) tag=$(manylinux x86_64) ;;
    AArch64) tag=$(manylinux aarch64) ;;
    *)
        echo "no wheel platform is known for $machine" >&2
        exit 1
        ;;
    esac
    ;;
esac
WXCOUPON_WHEEL_PLATFORM=$tag
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export WXCOUPON_WHEEL_PLATFORM SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd bindings/python && git ls-files | tar --create --files-from=-) | tar --extract --directory="$work"
cp "$library" "$work/wxcoupon/$file"
cp LICENSE-MIT LICENSE-APACHE "$work"
chmod -R u=rwX,go=rX "$work"
isolation=''
PIP_CONSTRAINT=$PWD/packaging/wheel-constraints.txt
export PIP_CONSTRAINT
if "${PYTHON:-python3}" -c 'import setuptools, wheel' 2>/dev/null; then
    isolation=--no-build-isolation
fi
# $isolation is one word or none.
# shellcheck disable=SC2086
"${PYTHON:-python3}" -m pip --disable-pip-version-check wheel --quiet --no-deps $isolation --wheel-dir "$folder" "$work"
