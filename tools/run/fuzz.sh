#!/bin/sh
# Fuzzes each target for so many minutes, from the kept corpus on; one process at a time.
#
#   tools/run/fuzz.sh MINUTES [TARGET ...]   what is found of it stands in target/fuzz/found
#   tools/run/fuzz.sh --minimise [TARGET]    keeps of everything that was found what reaches something new
#
# Any toolchain will do: rustc puts libFuzzer's counters in itself. cargo-fuzz reads the same folder.
set -eu
cd "$(dirname "$0")/../.."

minutes=$1
shift
[ $# -gt 0 ] || set -- answers certificates config coupons journal_rows keys multipart notification payment_code quote requests

host=$(rustc -vV | sed -n 's/^host: //p')
# What cargo-fuzz passes, but for the address sanitizer, which needs a nightly toolchain.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
export RUSTFLAGS
cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz
built=$PWD/target/fuzz/$host/release

for target; do
    kept=$PWD/fuzz/corpus/$target grown=$PWD/target/fuzz/corpus/$target found=$PWD/target/fuzz/found/$target
    mkdir -p "$kept" "$grown" "$found"
    if [ "$minutes" = --minimise ]; then
        rm -rf "$grown.least"
        mkdir "$grown.least"
        # By edges alone: how often each was passed would keep ten times as many. What once was a finding stays.
        "$built/$target" -set_cover_merge=1 -use_counters=0 -max_len=2048 "$grown.least" "$kept" "$grown" 2> /dev/null
        find "$kept" -type f ! -name 'found-*' -delete
        mv "$grown.least"/* "$kept"
    else
        echo "$target, $minutes minutes"
        # The corpus that grows is not the one that is kept.
        nice -n 19 "$built/$target" -max_total_time=$((minutes * 60)) -timeout=20 -max_len=6000 -len_control=10 \
            -dict=fuzz/words.dict -print_final_stats=1 -artifact_prefix="$found/" "$grown" "$kept" 2> "$found.log" || {
            tail -n 40 "$found.log"
            exit 1
        }
        grep -E '^(#[0-9]+.DONE|stat::number_of_executed_units)' "$found.log"
    fi
done
