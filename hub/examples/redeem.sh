#!/bin/sh
# One redemption by a till without the library: redeem.sh HUB TILL KEY_FILE JSON
# HUB is http://name:port or https://name:port; KEY_FILE has generation, colon and 64 hexadecimal digits. Needs curl and openssl.
# Prints the proven answer, and ends with its class: 0 where it was redeemed, 5 where WeChat Pay refused … Ends with 4 where nothing is
# proven, and where the answer says in_doubt: repeat with the same JSON.
set -eu
hub=$1 till=$2 key_file=$3 body=$4

target=/v1/use
generation=$(cut -d : -f 1 "$key_file")
key=$(cut -d : -f 2 "$key_file")
time=$(date +%s)
nonce=$(openssl rand -hex 16)
answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT

sha256() { openssl dgst -sha256 -r | cut -d ' ' -f 1; }
# The key stands in openssl's arguments: only for a machine that nobody else uses.
mac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r | cut -d ' ' -f 1; }
header() { tr -d '\r' < "$answer/head" | sed -n "s/^$1: //Ip"; }

digest=$(printf %s "$body" | sha256)
mac=$(printf '%s\n' "wxcoupon-hub request 1" POST "$target" "$till" "$generation" "$time" "$nonce" "$digest" | mac)

status=$(curl --silent --max-time 15 --output "$answer/body" --dump-header "$answer/head" --write-out '%{http_code}' \
    --header "wxcoupon-till: $till" --header "wxcoupon-key: $generation" --header "wxcoupon-time: $time" \
    --header "wxcoupon-nonce: $nonce" --header "wxcoupon-mac: $mac" \
    --data-binary "$body" "$hub$target") || exit 4

digest=$(sha256 < "$answer/body")
expected=$(printf '%s\n' "wxcoupon-hub answer 1" "$nonce" "$status" "$(header wxcoupon-time)" \
    "$(header wxcoupon-proven-at)" "$digest" | mac)
[ "$expected" = "$(header wxcoupon-mac)" ] || exit 4
cat "$answer/body"
! grep -q '"in_doubt":true' "$answer/body" || exit 4
status=$(sed -n '1s/^[^}]*"status":\([0-9]*\).*/\1/p' "$answer/body")
exit $((status / 1000))
