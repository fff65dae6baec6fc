# shellcheck shell=sh
# How the command wxcoupon is built beside the library. Sourced by the scripts that build them.

# The workspace once more, with a library that is only there for Rust: beside the shared one Cargo would compile all
# dependencies differently, and thus again. So the command takes them as the library's build left them.
workspace_for_command() { # folder to make it in
    rm -rf "$1"
    mkdir -p "$1"
    for entry in .cargo *; do
        case $entry in
        Cargo.toml | target) ;;
        *) ln -s "$PWD/$entry" "$1/$entry" ;;
        esac
    done
    sed 's/^crate-type = .*/crate-type = ["rlib"]/' Cargo.toml >"$1/Cargo.toml"
}

# What the library does not have is optimised once, in the last step.
# shellcheck disable=SC2034
unoptimised="
    --config profile.release.package.wxcoupon.opt-level=0
    --config profile.release.package.clap_builder.opt-level=0
    --config profile.release.package.clap_complete.opt-level=0
    --config profile.release.package.clap_mangen.opt-level=0
    --config profile.release.package.qrcode.opt-level=0"
