//! A binding has every number and every function of the header, and none that the header does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use testkit::root;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// What comes before a number, after it nothing of the name: `#define NAME 1`, `NAME = 1`, `NAME: 1`.
fn numbers(text: &str) -> BTreeMap<String, u32> {
    let line = |line: &str| {
        let line = line.trim().trim_end_matches([',', ';']);
        let (before, number) = line.rsplit_once([' ', '\t'])?;
        let name = before.trim_end_matches([' ', '=', ':']).rsplit(' ').next()?;
        let name = name.strip_prefix("WXCOUPON_").unwrap_or(name);
        let ours = name == "OK"
            || name == "ABI_VERSION"
            || ["E_", "CLASS_", "LOG_"].iter().any(|prefix| name.starts_with(prefix));
        Some((name.to_owned(), number.parse().ok().filter(|_| ours)?))
    };
    text.lines().filter_map(line).collect()
}

/// Every `wxcoupon_name` that is called, prototypes or quoted.
fn functions(text: &str) -> BTreeSet<&str> {
    let word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let found = text.match_indices("wxcoupon_").filter_map(|(at, _)| {
        let name = &text[at..];
        let name = &name[..name.find(|character| !word(character)).unwrap_or(name.len())];
        let alone = !text[..at].ends_with(word);
        (alone && text[at + name.len()..].starts_with(['(', '"'])).then_some(name)
    });
    found.collect()
}

/// What is named like a function and is a type.
const TYPES: &[&str] = &["wxcoupon_ctx", "wxcoupon_buf", "wxcoupon_job", "wxcoupon_log_fn"];

fn assert_same(binding: &str, declares: &str, counts: &str) {
    let header = read("include/wxcoupon.h");
    let prototypes = header.split("WXCOUPON_CALL wxcoupon_").skip(1);
    let expected: BTreeSet<String> =
        prototypes.map(|rest| format!("wxcoupon_{}", rest.split('(').next().unwrap())).collect();
    assert!(expected.len() > 30, "{expected:?}");
    let declares = read(declares);
    let found: BTreeSet<String> =
        functions(&declares).into_iter().filter(|name| !TYPES.contains(name)).map(str::to_owned).collect();
    assert_eq!(found, expected, "{binding}: functions");

    let expected = numbers(&header);
    assert!(expected.len() > 45 && expected["E_REENTRANT"] == 1007, "{expected:?}");
    assert_eq!(numbers(&read(counts)), expected, "{binding}: numbers");
}

#[test]
fn python_has_what_the_header_has() {
    assert_same("Python", "bindings/python/wxcoupon/library.py", "bindings/python/wxcoupon/constants.py");
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(read("bindings/python/pyproject.toml").contains(&format!("\nversion = {version}\n")));
    assert!(read("bindings/python/wxcoupon/__init__.py").contains(&format!("\n__version__ = {version}\n")));
}

#[test]
fn lua_has_what_the_header_has() {
    assert_same("Lua", "bindings/lua/wxcoupon.lua", "bindings/lua/wxcoupon.lua");
}

#[test]
fn node_has_what_the_header_has() {
    assert_same("Node", "bindings/node/library.js", "bindings/node/numbers.js");
    let version = format!("\"version\": \"{}\",", env!("CARGO_PKG_VERSION"));
    for file in ["bindings/node/package.json", "bindings/node/package-lock.json"] {
        assert!(read(file).contains(&version), "{file}");
    }
    let declared = read("bindings/node/index.d.ts");
    let declared = declared.lines().filter_map(|line| line.strip_prefix("export const "));
    let declared: BTreeSet<_> = declared.map(|line| format!("  {},", line.trim_end_matches(';'))).collect();
    let numbers = read("bindings/node/numbers.js");
    assert_eq!(declared, numbers.lines().filter(|line| line.starts_with("  ")).map(str::to_owned).collect());
}

#[test]
fn java_has_what_the_header_has() {
    assert_same("Java", "bindings/java/WxCoupon.java", "bindings/java/Numbers.java");
}
