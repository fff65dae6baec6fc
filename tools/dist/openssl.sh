#!/bin/sh
# Says the path of VERSION.dat of the OpenSSL that is compiled into the sandbox; its licence lies beside it.
set -eu
cd "$(dirname "$0")/../.."

manifest=$(cargo metadata --locked --format-version 1 --features wxcoupon-sandbox/vendored |
    jq --raw-output '.packages[] | select(.name == "openssl-src").manifest_path')
echo "${manifest%/Cargo.toml}/openssl/VERSION.dat"
