# shellcheck shell=sh
# The platforms an archive is made for. Sourced by the scripts that make them.

# A line each: the platform as the archive is named, and Rust's name of it.
triple_of() { # platform
    case $1 in
    linux-x86_64) echo x86_64-unknown-linux-gnu ;;
    *)
        echo "no platform of ours: $1" >&2
        return 1
        ;;
    esac
}
