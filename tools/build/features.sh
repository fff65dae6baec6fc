# shellcheck shell=sh
# What packages are built with. Sourced by the scripts that build and describe them.

# The features of a package, where it has more than its default ones. Servers sign with AWS-LC, and so does the library for the
# platform of most of them; with ring the libraries of tills are smaller.
features_of() { # package, platform
    case $1-$2 in
    wxcoupon-hub-*) echo wxcoupon-hub/aws-lc-rs,wxcoupon-hub/postgres ;;
    wxcoupon-sandbox-*) echo wxcoupon-sandbox/vendored ;;
    wxcoupon-linux-x86_64) echo wxcoupon/aws-lc-rs ;;
    esac
}
