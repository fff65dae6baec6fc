#!/bin/sh
# Measures the library beside other clients of WeChat Pay and the least that a redemption can cost.
#
#   tools/run/bench.sh [--quick] [--no-peers] [--only PART]... [--library NAME=FILE]...
#
# Writes bench/RESULTS.md, with charts, and the figures behind them into bench/data; a part of it, or a quick run,
# into target/bench/results. bench/README.md says what is measured. Without --library the libraries are built from this tree. What it needs of Debian must be there; what
# it needs of PyPI, npm, crates.io, Maven Central and the Go proxy it fetches into .cache/bench.
set -eu
cd "$(dirname "$0")/../.."

missing=''
need() { # command, package that has it
    PATH=$PATH:/usr/sbin command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need cargo cargo
need cc gcc
need nginx nginx-light
need python3 python3-venv
need go golang-go
need mvn maven
need javac default-jdk-headless
need npm npm
need valgrind valgrind
if [ -n "$missing" ]; then
    echo "missing: apt-get install$missing" >&2
    exit 1
fi

venv=$PWD/.cache/bench/venv
if ! cmp -s bench/requirements.txt "$venv/requirements.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" --disable-pip-version-check install --quiet --requirement bench/requirements.txt
    cp bench/requirements.txt "$venv"
fi
exec "$venv/bin/python" bench/bench.py "$@"
