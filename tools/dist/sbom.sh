#!/bin/sh
# The bill of materials of the library and the command, or of another package, as CycloneDX 1.5 in JSON.
#
#   tools/dist/sbom.sh PLATFORM [PACKAGE]    SOURCE_DATE_EPOCH is its time; without it, that of the commit
set -eu
cd "$(dirname "$0")/../.."

. tools/build/platform.sh

use_rust "$1"
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
packages=$(tools/dist/linked.sh "$1" "${2:-wxcoupon}")
sqlite=$(printf '%s\n' "$packages" | jq --raw-output 'select(.name == "libsqlite3-sys").manifest_path')
sqlite=$(sed -n 's/^#define SQLITE_VERSION *"\(.*\)"/\1/p' "${sqlite%/Cargo.toml}/sqlite3/sqlite3.h")

# What a shared library has from its C compiler: a name, a version and a licence each.
zig=$(sed -n 's/^ziglang==\([0-9.]*\).*/\1/p' tools/fetch/zig.txt)
case $1 in
*-musl) runtime='[]' ;;
linux-*)
    runtime='[["llvm-libunwind", "zig-'$zig'", "Apache-2.0 WITH LLVM-exception"],
        ["zig-compiler-runtime", "'$zig'", "MIT"]]'
    ;;
windows-*)
    runtime='[["gcc-runtime", "'$(x86_64-w64-mingw32-gcc-win32 -dumpversion)'",
        "GPL-3.0-or-later WITH GCC-exception-3.1"],
        ["mingw-w64-runtime", "'$(dpkg-query --show --showformat='${Version}' mingw-w64-common)'", "ZPL-2.1"]]'
    ;;
esac

# The sandbox has OpenSSL compiled in, by a package that builds it.
if [ "${2:-}" = wxcoupon-sandbox ]; then
    version=$(sh -c '. "$1"; echo "$MAJOR.$MINOR.$PATCH"' sh "$(tools/dist/openssl.sh)")
    runtime=$(jq --null-input --compact-output --argjson runtime "$runtime" --arg version "$version" \
        '$runtime + [["openssl", $version, "Apache-2.0"]]')
fi

printf '%s\n' "$packages" | jq --slurp --argjson runtime "$runtime" --arg sqlite "$sqlite" --arg rust "$("$RUSTC" --version | cut -d' ' -f2)" \
    --arg target "$(triple_of "$1")" --argjson time "$SOURCE_DATE_EPOCH" '
    def purl: "pkg:cargo/\(.)";
    ("pkg:generic/sqlite@" + $sqlite) as $sqlite_ref
    | ($runtime | map("pkg:generic/\(.[0])@\(.[1])")) as $runtime_refs
    | ("pkg:generic/rust-std@" + $rust) as $rust_ref
    | def package($type): {type: $type, "bom-ref": (.key | purl), name, version, purl: (.key | purl),
        licenses: [{expression: .license}]}
        + (if .checksum then {hashes: [{alg: "SHA-256", content: .checksum}]} else {} end)
        + (if .repository then {externalReferences: [{type: "vcs", url: .repository}]} else {} end);
    {
        bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
        metadata: {
            timestamp: ($time | todate),
            component: (map(select(.name == "wxcoupon"))[0] | package("library")),
            properties: [{name: "wxcoupon:target", value: $target}]
        },
        components: (map(select(.source) | package("library"))
            + map(select(.source == null and .name != "wxcoupon") | package("application")) + [
            {type: "library", "bom-ref": $rust_ref, name: "rust-std", version: $rust, purl: $rust_ref,
             licenses: [{expression: "MIT OR Apache-2.0"}]},
            {type: "library", "bom-ref": $sqlite_ref, name: "sqlite", version: $sqlite, purl: $sqlite_ref,
             licenses: [{license: {id: "blessing"}}]}
        ] + ($runtime | map("pkg:generic/\(.[0])@\(.[1])" as $ref | {type: "library", "bom-ref": $ref,
            name: .[0], version: .[1], purl: $ref, licenses: [{expression: .[2]}]}))),
        dependencies: (map({ref: (.key | purl), dependsOn: ((.needs | map(purl))
            + (if .source == null then [$rust_ref] + $runtime_refs else [] end)
            + (if .name == "libsqlite3-sys" then [$sqlite_ref] else [] end))})
            + [{ref: $rust_ref}, {ref: $sqlite_ref}] + ($runtime_refs | map({ref: .})))
    }'
