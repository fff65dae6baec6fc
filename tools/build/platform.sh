# shellcheck shell=sh
# The platforms an archive is made for. Sourced by the scripts that make them.

# As the archives are named.
# shellcheck disable=SC2034
platforms='linux-x86_64 linux-aarch64 linux-x86_64-musl windows-x86_64 windows-x86'

# Those that the sandbox is a program for.
# shellcheck disable=SC2034
sandbox_platforms='linux-x86_64 linux-aarch64 windows-x86_64'

# Those that the hub is one for.
# shellcheck disable=SC2034
hub_platforms='linux-x86_64 linux-aarch64'

# Rust's name of the platform.
triple_of() { # platform
    case $1 in
    linux-x86_64) echo x86_64-unknown-linux-gnu ;;
    linux-aarch64) echo aarch64-unknown-linux-gnu ;;
    linux-x86_64-musl) echo x86_64-unknown-linux-musl ;;
    windows-x86_64) echo x86_64-win7-windows-gnu ;;
    windows-x86) echo i686-win7-windows-gnu ;;
    *)
        echo "no platform of ours: $1" >&2
        return 1
        ;;
    esac
}

# Sets CARGO, RUSTC and what they need to build for the platform. The machine's own Rust has the standard library
# for this machine alone; for others it is compiled with Debian's, which has its source.
use_rust() { # platform
    if [ "$1" = linux-x86_64 ]; then
        CARGO=cargo RUSTC=rustc
        export CARGO RUSTC
    else
        CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
        export CARGO RUSTC RUSTC_BOOTSTRAP
    fi
}
