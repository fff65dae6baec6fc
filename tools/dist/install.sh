#!/bin/sh
# Installs the library for programs in C and C++, or takes it away again:
#
#   tools/dist/install.sh [uninstall]
#
# From the environment:
#   PREFIX          /usr/local
#   LIBDIR          PREFIX/lib
#   INCLUDEDIR      PREFIX/include
#   DOCDIR          PREFIX/share/doc/wxcoupon
#   DESTDIR         put before all of them, for packagers
#   LIBRARY_FOLDER  has a library that was built; without it `cargo build --release` builds one
set -eu
umask 022
cd "$(dirname "$0")/../.."

: "${PREFIX:=/usr/local}"
: "${LIBDIR:=$PREFIX/lib}"
: "${INCLUDEDIR:=$PREFIX/include}"
: "${DOCDIR:=$PREFIX/share/doc/wxcoupon}"
for folder in "$PREFIX" "$LIBDIR" "$INCLUDEDIR" "$DOCDIR"; do
    case $folder in
    /*) ;;
    *)
        echo "not an absolute path: $folder" >&2
        exit 1
        ;;
    esac
done
lib=${DESTDIR:-}$LIBDIR
include=${DESTDIR:-}$INCLUDEDIR
doc=${DESTDIR:-}$DOCDIR

version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
abi=$(sed -n 's/^  "abi_version": \([0-9]*\),$/\1/p' include/wxcoupon.json)
soname=libwxcoupon.so.$abi
# The ABI comes first: ldconfig lets the SONAME link point to the highest number.
file=$soname.$version

# Whoever may write to PREFIX need not have cargo: a library newer than its sources is taken as it is.
is_built() { # folder
    for library in libwxcoupon.so libwxcoupon.a; do
        [ -e "$1/$library" ] || return 1
        newer=$(find src build.rs Cargo.toml Cargo.lock -type f -newer "$1/$library" | head -n 1)
        [ -z "$newer" ] || return 1
    done
}

# The cache of the dynamic linker, where it has this folder and is ours to write.
refresh_cache() {
    PATH=$PATH:/usr/sbin:/sbin
    if [ -z "${DESTDIR:-}" ] && [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null 2>&1 &&
        ldconfig -v -N -X 2>/dev/null | grep -q "^$LIBDIR:"; then
        ldconfig
    fi
}

remove_other_releases() {
    for other in "$lib/$soname".*; do
        [ "$other" = "$lib/$file" ] || rm -f "$other"
    done
}

install_all() {
    if [ -z "${LIBRARY_FOLDER:-}" ]; then
        LIBRARY_FOLDER=${CARGO_TARGET_DIR:-target}/release
        is_built "$LIBRARY_FOLDER" || cargo build --release --locked --package wxcoupon
    fi
    install -d "$lib" "$include" "$doc"
    install -m 755 "$LIBRARY_FOLDER/libwxcoupon.so" "$lib/$file"
    ln -sfn "$file" "$lib/$soname"
    ln -sfn "$soname" "$lib/libwxcoupon.so"
    remove_other_releases
    # Without the debug information of the standard library, a fifth of the file.
    rm -f "$lib/libwxcoupon.a"
    strip --strip-debug --enable-deterministic-archives -o "$lib/libwxcoupon.a" "$LIBRARY_FOLDER/libwxcoupon.a"
    chmod 644 "$lib/libwxcoupon.a"
    install -m 644 include/wxcoupon.h include/wxcoupon.hpp "$include"
    install -m 644 LICENSE-MIT LICENSE-APACHE "$doc"
    tools/dist/package-files.sh "linux-$(uname -m)" "$(realpath -ms --relative-to="$LIBDIR" "$INCLUDEDIR")" "$lib"
    refresh_cache
    echo "wxcoupon $version is installed: $lib/$soname, $include/wxcoupon.h"
}

# Folders that are not ours alone stay.
uninstall_all() {
    file=''
    remove_other_releases
    rm -f "$lib/$soname" "$lib/libwxcoupon.so" "$lib/libwxcoupon.a" \
        "$lib/pkgconfig/wxcoupon.pc" "$lib/pkgconfig/wxcoupon-static.pc" \
        "$lib/cmake/wxcoupon/wxcouponConfig.cmake" "$lib/cmake/wxcoupon/wxcouponConfigVersion.cmake" \
        "$include/wxcoupon.h" "$include/wxcoupon.hpp" "$doc/LICENSE-MIT" "$doc/LICENSE-APACHE"
    for folder in "$lib/cmake/wxcoupon" "$lib/cmake" "$lib/pkgconfig" "$doc"; do
        rmdir "$folder" 2>/dev/null || :
    done
    refresh_cache
}

case ${1:-install} in
install) install_all ;;
uninstall) uninstall_all ;;
*)
    sed -n '2,4s/^# *//p' "$0" >&2
    exit 2
    ;;
esac
