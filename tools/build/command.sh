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

# What the library does not have is optimised once, in the last step. That takes most of the time, and gives little to a program
# that mostly waits.
build_command() { # what is called as cargo, its target folder, flags of the last step's rustc or '', argument ...
    cargo=$1 folder_of_target=$2 last_step=$3
    shift 3
    workspace_for_command "$folder_of_target/command"
    for crate in wxcoupon clap_builder clap_complete clap_mangen qrcode; do
        set -- "$@" --config "profile.release.package.$crate.opt-level=0"
    done
    # None, or one word each.
    # shellcheck disable=SC2086
    "$cargo" rustc --quiet --locked --release --manifest-path "$folder_of_target/command/Cargo.toml" \
        --package wxcoupon-command --bin wxcoupon --target-dir "$folder_of_target" "$@" -- -C opt-level=1 $last_step
}
