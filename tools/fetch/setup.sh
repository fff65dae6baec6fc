#!/bin/sh
# Installs from Debian's packages what is missing to build and test. Says nothing where nothing is missing.
#
#   tools/fetch/setup.sh demo    what `make demo` needs: a C compiler and OpenSSL for the sandbox
#   tools/fetch/setup.sh chain   the same for `make demo-chain`: Python and PostgreSQL, too
#   tools/fetch/setup.sh check   what `make check`, the simulation and fuzzing need
#   tools/fetch/setup.sh         what `make test` needs
#
# Where it may not install, it says in one line what is missing, and fails.
set -eu

missing=''

need() { # command, package that has it
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

# A compiler may be there without the headers of the C library.
need_headers() {
    if command -v gcc >/dev/null 2>&1 && ! echo '#include <stdio.h>' | gcc -E -x c - >/dev/null 2>&1; then
        missing="$missing libc6-dev"
    fi
}

# Clang may be there without the runtime of its sanitizers, whose package bears clang's version.
sanitizers_work() {
    probe=$(mktemp)
    result=0
    echo 'int main(void) { return 0; }' |
        clang -fsanitize=address,undefined -x c - -o "$probe" >/dev/null 2>&1 || result=1
    rm -f "$probe"
    return $result
}

need_sanitizers() {
    if command -v clang >/dev/null 2>&1 && ! sanitizers_work; then
        version=$(clang -dumpversion | cut -d. -f1)
        missing="$missing libclang-rt-$version-dev"
    fi
}

# Debian's python3 comes without what makes virtual environments.
need_venv() {
    need python3 python3
    python3 -c 'import ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
}

# A server in a folder of its own, as a user who is not root.
need_postgresql() {
    [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing="$missing postgresql"
    need setpriv util-linux
}

find_missing() {
    missing=''
    need gcc gcc
    need_headers
    need pkg-config pkg-config
    pkg-config --exists openssl 2>/dev/null || missing="$missing libssl-dev"
    [ "$1" = demo ] && return
    if [ "$1" = chain ]; then
        need python3 python3
        need_postgresql
        return
    fi
    need make make
    need g++ g++
    need git git
    need openssl openssl
    need shellcheck shellcheck
    [ "$1" = check ] && return
    need clang clang
    need valgrind valgrind
    need readelf binutils
    need cmake cmake
    need abidiff abigail-tools
    need jq jq
    # A page that asks a hub without the library.
    need php php-cli
    php -r 'exit(function_exists("curl_init") ? 0 : 1);' >/dev/null 2>&1 || missing="$missing php-curl"
    # Files that not even root may write.
    need chattr e2fsprogs
    # Archives for Windows, and static libraries of any processor.
    need zip zip
    need llvm-strip llvm
    # The journal in PostgreSQL, with a pooler before it.
    need_postgresql
    [ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
    # Hubs with wrong clocks.
    [ -n "$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null)" ] || missing="$missing libfaketime"
    # Other people's clients of WeChat Pay (tests/callers/sdks) come from PyPI and npm; wheels are made with pip.
    need_venv
    python3 -c 'import pip' 2>/dev/null || missing="$missing python3-pip"
    python3 -c 'import setuptools' 2>/dev/null || missing="$missing python3-setuptools python3-wheel"
    need node nodejs
    need npm npm
    # The sandbox's console is looked at in a browser, and its codes are read from the screen.
    need chromium chromium
    need chromedriver chromium-driver
    need zbarimg zbar-tools
    [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || missing="$missing fonts-noto-cjk"
    need_sanitizers
    # Programs for 64-bit ARM run in qemu.
    need qemu-aarch64-static qemu-user-static
    [ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] || missing="$missing libc6-arm64-cross"
    need mcs mono-mcs
    need mono mono-runtime
    need fpc 'fp-compiler fp-units-rtl'
    # Its units for Windows are compiled here (tools/fetch/fpc-windows.sh).
    [ -d /usr/share/fpcsrc ] || missing="$missing fpc-source"
    need javac default-jdk-headless
    # Java's way to C, and JSON for the example.
    [ -e /usr/share/java/jna.jar ] || missing="$missing libjna-java"
    [ -e /usr/share/java/gson.jar ] || missing="$missing libgoogle-gson-java"
    need luajit luajit
    # The binding needs no JSON module; its example does.
    luajit -e 'require("cjson")' >/dev/null 2>&1 || missing="$missing lua-cjson"
    find_missing_for_windows
}

# A Rust that can build its standard library, the compilers, and a Wine to run what they make.
find_missing_for_windows() {
    [ -e /usr/lib/rustlib/src/rust/library/std ] || missing="$missing rust-web-src"
    [ -x /usr/bin/rustc ] || missing="$missing rustc-web"
    [ -x /usr/bin/cargo ] || missing="$missing cargo-web"
    # The library is made with the one, programs that have POSIX threads with the other.
    for cpu in i686 x86-64; do
        need "$(echo $cpu | tr - _)-w64-mingw32-gcc-win32" "gcc-mingw-w64-$cpu-win32"
        need "$(echo $cpu | tr - _)-w64-mingw32-g++-posix" "g++-mingw-w64-$cpu-posix"
    done
    need llvm-dlltool llvm
    [ -x /usr/lib/wine/wine64 ] || missing="$missing wine64"
    # The C library that the 32-bit Wine of tools/fetch/wine.sh runs on.
    [ -e /lib/ld-linux.so.2 ] || missing="$missing libc6-i386"
}

install_missing() {
    if [ "$(id -u)" = 0 ]; then
        as_root=''
    elif sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        as_root=no
    fi
    if [ "$as_root" = no ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "missing, and not mine to install: apt-get install$missing" >&2
        exit 1
    fi
    echo "installing:$missing"
    log=$(mktemp)
    # $as_root and $missing are lists of words.
    # shellcheck disable=SC2086
    if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
        >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "could not install:$missing" >&2
        exit 1
    fi
    rm -f "$log"
}

command -v cargo >/dev/null 2>&1 || {
    echo "missing: cargo; install Rust 1.89 or later from https://rustup.rs" >&2
    exit 1
}

for_what=${1:-test}
find_missing "$for_what"
if [ -n "$missing" ]; then
    install_missing
    # Only once the compilers are there can they be asked what they lack.
    find_missing "$for_what"
    [ -z "$missing" ] || install_missing
fi
