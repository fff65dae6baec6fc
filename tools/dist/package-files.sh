#!/bin/sh
# Writes what pkg-config and CMake read, below the folder with the libraries. The files name everything from
# where they lie, so that the whole may be moved.
#
#   tools/dist/package-files.sh PLATFORM INCLUDE_FOLDER LIBRARY_FOLDER
#
# INCLUDE_FOLDER is as it is found from the library folder (../include).
set -eu
umask 022
include=$2
out=$(cd "$3" && pwd)
cd "$(dirname "$0")/../.."

version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
abi=$(sed -n 's/^  "abi_version": \([0-9]*\),$/\1/p' include/wxcoupon.json)

# Programs that were made for this release go on with all later ones of the ABI.
case $abi in
1) first_of_abi=0.1.0 ;;
*)
    echo "$0 does not know the first release of ABI $abi" >&2
    exit 1
    ;;
esac

# What `rustc --print native-static-libs` says; with musl it is the compiler that knows where its unwinder is.
native=''
pointer_bytes=8
config=wxcouponConfig.cmake
case $1 in
linux-x86_64 | linux-aarch64) native='-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc' ;;
linux-x86_64-musl) ;;
windows-x86_64) config=wxcouponConfig-windows.cmake ;;
windows-x86) config=wxcouponConfig-windows.cmake pointer_bytes=4 ;;
*)
    echo "$0 knows no platform $1" >&2
    exit 1
    ;;
esac

fill() { # template, file
    sed -e "s|@VERSION@|$version|g" -e "s|@ABI@|$abi|g" -e "s|@FIRST_OF_ABI@|$first_of_abi|g" \
        -e "s|@INCLUDEDIR@|$include|g" -e "s|@POINTER_BYTES@|$pointer_bytes|g" \
        -e "s|@NATIVE_LIBRARIES@|$native|g" \
        -e "s|@NATIVE_LIBRARIES_LIST@|$(printf '%s' "$native" | tr ' ' ';')|g" "packaging/$1" >"$out/$2"
}

mkdir -p "$out/pkgconfig" "$out/cmake/wxcoupon"
fill wxcoupon.pc.in pkgconfig/wxcoupon.pc
case $1 in
linux-*) fill wxcoupon-static.pc.in pkgconfig/wxcoupon-static.pc ;;
# There is nothing static.
*) sed -i '/private:/d' "$out/pkgconfig/wxcoupon.pc" ;;
esac
fill "$config.in" cmake/wxcoupon/wxcouponConfig.cmake
fill wxcouponConfigVersion.cmake.in cmake/wxcoupon/wxcouponConfigVersion.cmake
