#!/bin/sh
# Builds and starts the sandbox, and says where its console is. Ctrl-C ends it.
#
#   tools/run/sandbox.sh [OPTIONS]   options of wxcoupon-sandbox; they count more than those given here
set -eu
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
tools/fetch/setup.sh demo
echo 'Building the sandbox (the first time this takes some minutes) ...'
cargo build --quiet --release --package wxcoupon-sandbox

# Fixed ports and keys: a till's configuration stays good from one day to the next.
"$target/release/wxcoupon-sandbox" --dir "$target/sandbox" --port 40001 --port2 40002 --control-port 40003 --quiet "$@" |
    while read -r line; do
        case $line in
        READY\ *)
            console=${line#* console=}
            echo
            echo "Console   ${console%% *}"
            echo "Config    ${line#* config=}"
            echo
            echo 'A simulator: no money moves. Ctrl-C ends it.'
            ;;
        *) echo "$line" ;;
        esac
    done
