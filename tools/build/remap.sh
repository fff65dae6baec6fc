# shellcheck shell=sh
# Which compiler flags keep the paths of this machine out of the library. Sourced by the scripts that build one.

# Compilers write other paths in the place of these. Of several prefixes that fit, the last one given is taken.
remap() { # target folder, flag, separator, quote
    registries=${CARGO_HOME:-$HOME/.cargo}
    printf '%s%s=%s=/wxcoupon%s' "$4" "$2" "$PWD" "$4"
    printf "$3%s%s=%s=/target%s" "$4" "$2" "$1" "$4"
    printf "$3%s%s=%s=/cargo%s" "$4" "$2" "$registries" "$4"
    for registry in "$registries"/registry/src/*/; do
        printf "$3%s%s=%s=/crates%s" "$4" "$2" "${registry%/}" "$4"
    done
}

# For what is compiled from now on: RUSTFLAGS, and the C compiler's flags.
remap_for() { # Rust's name of the target, target folder, more flags for rustc ...
    flags_name=CFLAGS_$(printf '%s' "$1" | tr - _)
    remapped=$2
    shift 2
    CARGO_ENCODED_RUSTFLAGS=$(remap "$remapped" --remap-path-prefix '\037' '')$([ $# -eq 0 ] || printf '\037%s' "$@")
    # Folders may have blanks in their names: the crate cc is told that the flags are quoted.
    export CARGO_ENCODED_RUSTFLAGS CC_SHELL_ESCAPED_FLAGS=1
    export "$flags_name=$(remap "$remapped" -ffile-prefix-map ' ' '"')"
}
