#!/bin/sh
# Puts mended faults back, one at a time, and says how soon the simulation finds each.
#
#   tools/run/faults.sh [--seconds N] [FAULT]...    N of play for each (600); all of simulation/faults, or those that are named
#
# It works on a copy of the last commit, and on a build of its own: what is not committed is not played.
# A fault is found by a seed, or at least by one of the known faults, which are scripts that were written after them.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
seconds=600
if [ "${1:-}" = --seconds ]; then
    seconds=${2:?--seconds wants a number}
    shift 2
fi
if [ $# -eq 0 ]; then
    for patch in simulation/faults/*.patch; do
        set -- "$@" "$(basename "$patch" .patch)"
    done
fi

CARGO_TARGET_DIR=$root/target/faults
export CARGO_TARGET_DIR
program=$CARGO_TARGET_DIR/debug/wxcoupon-simulation
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
git worktree add --quiet --detach "$work/tree" HEAD

# What fails without the fault, too, is not its doing.
(cd "$work/tree" && cargo build --quiet --locked --package wxcoupon-simulation)
cp "$program" "$work/sound"

missed=0
miss() {
    echo "$1: $2"
    missed=$((missed + 1))
}

for fault in "$@"; do
    patch=$root/simulation/faults/$fault.patch
    git -C "$work/tree" checkout --quiet -- .
    if ! git -C "$work/tree" apply "$patch"; then
        miss "$fault" "the patch does not apply"
        continue
    fi
    # What a fault leaves unused is no news.
    if ! (cd "$work/tree" && cargo build --quiet --locked --package wxcoupon-simulation) 2>"$work/build"; then
        cat "$work/build"
        miss "$fault" "it does not build"
        continue
    fi
    "$program" --seconds "$seconds" >"$work/told" 2>&1 || true
    seed=$(sed -n 's/^again: .*--seed \([0-9]*\)$/\1/p' "$work/told" | tail -n 1)
    played=$(sed -n 's/^.* on one core (\([0-9.]*\) s of one)$/\1/p' "$work/told")
    known=$(sed -n 's/^\([a-z0-9-]*\) (mended): .*/\1/p' "$work/told" | tr '\n' ' ')
    if [ -z "$seed" ] && [ -n "$known" ]; then
        echo "$fault: no seed in $seconds s; known: $known"
        continue
    elif [ -z "$seed" ]; then
        miss "$fault" "NOT FOUND in $seconds s"
        continue
    fi
    if ! "$work/sound" --seed "$seed" >/dev/null 2>&1; then
        miss "$fault" "seed $seed fails without it, too"
        continue
    fi
    "$program" --list | sed -n '/^invariants:/,$s/^  \([A-Za-z]*\) .*/\1/p' >"$work/invariants"
    invariant=$(grep -o -w -F -f "$work/invariants" "$work/told" | tail -n 1 || true)
    echo "$fault: found after $played s, seed $seed, $invariant; known: ${known:-none}"
done
test "$missed" -eq 0
