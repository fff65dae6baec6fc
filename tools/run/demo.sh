#!/bin/sh
# Builds the library, starts a WeChat Pay on this machine, and lets a C program redeem a coupon there.
set -eu
cd "$(dirname "$0")/../.."

say() { printf '%s\n' "$*"; }

target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
sandbox=''

clean_up() {
    status=$?
    trap '' INT TERM
    if [ -n "$sandbox" ]; then
        # It would end with its standard input too, when this script is killed.
        kill "$sandbox" 2>/dev/null || :
        wait "$sandbox" 2>/dev/null || :
    fi
    rm -rf "$work"
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

tools/fetch/setup.sh demo

say 'Building the library and the sandbox (the first time this takes some minutes) ...'
cargo build --quiet --release --package wxcoupon --package wxcoupon-sandbox

say 'Compiling examples-c/01_redeem.c ...'
cp "$target/release/libwxcoupon.so" "$work/libwxcoupon.so.1"
ln -s libwxcoupon.so.1 "$work/libwxcoupon.so"
cc -std=c89 -Wall -Wextra -pedantic -I include examples-c/01_redeem.c \
    -L "$work" -lwxcoupon -Wl,-rpath,"$work" -o "$work/01_redeem"

say 'Starting the sandbox, a WeChat Pay on this machine ...'
mkfifo "$work/stdin"
"$target/release/wxcoupon-sandbox" --dir "$work/sandbox" --exit-with-stdin --quiet \
    <"$work/stdin" >"$work/ready" 2>"$work/errors" &
sandbox=$!
exec 9>"$work/stdin"
tries=0
until grep -q '^READY ' "$work/ready"; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$sandbox" 2>/dev/null; then
        say 'The sandbox did not start:'
        cat "$work/errors"
        exit 1
    fi
    sleep 0.1
done

say ''
"$work/01_redeem" "$work/sandbox/config.json"
say ''
say 'That was the C program examples-c/01_redeem.c; the functions are described in include/wxcoupon.h.'
