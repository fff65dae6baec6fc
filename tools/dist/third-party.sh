#!/bin/sh
# The licences of all code of others in the library and the command, or in the program of another package, each text once with the packages that bear it.
# Fails where a package has no licence text: then somebody has to look.
#
#   tools/dist/third-party.sh PLATFORM [PACKAGE]
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

use_rust "$1"
package=${2:-wxcoupon}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/texts"

add() { # package, file with its licence
    sum=$(sha256sum <"$2" | cut -d' ' -f1)
    cp "$2" "$work/texts/$sum"
    printf '%s\t%s, %s\n' "$sum" "$1" "$(basename "$2")" >>"$work/bearers"
}

tools/dist/linked.sh "$1" "$package" | jq --slurp '.' >"$work/packages"
jq --raw-output '.[] | select(.source) | [.name, .version, .license, .manifest_path] | @tsv' "$work/packages" \
    >"$work/list"

tab=$(printf '\t')
while IFS=$tab read -r name version _ manifest; do
    find "${manifest%/Cargo.toml}" -type f \
        \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'copyright*' -o -iname 'notice*' \
        -o -iname unlicense \) ! -name '*.rs' | sort >"$work/found"
    if ! [ -s "$work/found" ]; then
        echo "$name $version has no licence text" >&2
        exit 1
    fi
    while IFS= read -r file; do
        add "$name $version" "$file"
    done <"$work/found"
done <"$work/list"

# Rust's standard library is linked in as well. Its copyrights came with it: from Debian as a text, from Rust
# itself as a page.
rust_release=$("$RUSTC" --version | cut -d' ' -f2)
if [ -n "${RUSTC_BOOTSTRAP:-}" ]; then
    rust_copyright=/usr/share/doc/rust-web-src/copyright
else
    rust_copyright=$("$RUSTC" --print sysroot)/share/doc/rust/COPYRIGHT-library.html
fi
[ -f "$rust_copyright" ] || {
    echo "this Rust lacks $rust_copyright" >&2
    exit 1
}
case $rust_copyright in
*.html)
    sed -e '/<style/,/<\/style>/d' -e 's/<[^>]*>//g' -e 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g' \
        -e "s/&#39;/'/g" -e 's/&amp;/\&/g' "$rust_copyright" | cat -s >"$work/COPYRIGHT-library"
    ;;
*) cp "$rust_copyright" "$work/COPYRIGHT-library" ;;
esac
add "Rust standard library $rust_release" "$work/COPYRIGHT-library"

# A shared library has the unwinder and the runtime of its C compiler in it; a program that is static has its own.
runtime=''
case $1 in
*-musl) ;;
linux-*)
    zig=$(tools/fetch/zig.sh)/ziglang
    runtime='  LLVM libunwind: Apache-2.0 WITH LLVM-exception
  Zig compiler runtime: MIT
'
    add 'LLVM libunwind' "$zig/lib/libunwind/LICENSE.TXT"
    add 'Zig compiler runtime' "$zig/LICENSE"
    ;;
windows-*)
    runtime='  MinGW-w64 runtime: ZPL-2.1
  GCC runtime: GPL-3.0-or-later WITH GCC-exception-3.1
'
    add 'MinGW-w64 runtime' /usr/share/doc/mingw-w64-common/copyright
    add 'GCC runtime' /usr/share/doc/gcc-mingw-w64-base/copyright
    ;;
esac

# The sandbox has OpenSSL compiled in, by a package that builds it.
openssl=''
if [ "$package" = wxcoupon-sandbox ]; then
    openssl=$(tools/dist/openssl.sh)
    add OpenSSL "${openssl%/*}/LICENSE.txt"
    openssl="  OpenSSL $(sh -c '. "$1"; echo "$MAJOR.$MINOR.$PATCH"' sh "$openssl"): Apache-2.0
"
fi

sqlite_header=$(jq --raw-output '.[] | select(.name == "libsqlite3-sys").manifest_path' "$work/packages")
sqlite_header=${sqlite_header%/Cargo.toml}/sqlite3/sqlite3.h

echo "$package contains code of the projects below. Their licences follow, each text once."
echo
awk -F '\t' '{ printf "  %s %s: %s\n", $1, $2, $3 }' "$work/list"
echo "  Rust standard library $rust_release: MIT OR Apache-2.0"
printf %s "$runtime$openssl"
echo "  SQLite $(sed -n 's/^#define SQLITE_VERSION *"\(.*\)"/\1/p' "$sqlite_header"): public domain" \
    '(https://sqlite.org/copyright.html)'
cut -f1 "$work/bearers" | awk '!seen[$0]++' | while IFS= read -r sum; do
    printf '\n%s\n' '================================================================================'
    sed -n "s/^$sum$tab//p" "$work/bearers"
    printf '%s\n\n' '--------------------------------------------------------------------------------'
    tr -d '\r' <"$work/texts/$sum"
    echo
done
