//! The header is generated from the sources, checked in, and equal to them.
//!
//! `BLESS=1 cargo test --test c_boundary header` (or `make header`) rewrites it after an intended change.

mod answers;
mod document;
mod item;
mod layout;

use std::fs;
use std::path::Path;

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/wxcoupon.h");

/// The header as the sources of this moment would have it.
fn generate() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(root.join("include/cbindgen.toml")).unwrap();
    let frame = layout::Frame {
        first_page: config.header.take().unwrap(),
        macros: config.after_includes.take().unwrap(),
        trailer: config.trailer.take().unwrap(),
    };
    let mut bare = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/ffi/mod.rs"))
        .with_src(root.join("src/status.rs"))
        .generate()
        .unwrap()
        .write(&mut bare);
    let mut items = item::parse(&String::from_utf8(bare).unwrap());
    items.extend(computed_constants(root));
    layout::assemble(&frame, items)
}

/// cbindgen writes integer literals only. This constant is text: its value comes from the crate itself, its
/// comment from the sources.
fn computed_constants(root: &Path) -> Vec<item::Item> {
    use wxcoupon::ffi;
    let constants = [("version.rs", "WXCOUPON_VERSION", format!("\"{}\"", ffi::WXCOUPON_VERSION))];
    let item = |(file, name, value): (&str, &str, String)| {
        let source = fs::read_to_string(root.join("src/ffi").join(file)).unwrap();
        let Some((above, _)) = source.split_once(&format!("pub const {name}:")) else {
            panic!("{file} does not declare {name}")
        };
        let comment = above.lines().rev().map_while(|line| line.strip_prefix("///"));
        let mut comment: Vec<String> = comment.map(|line| line.trim().to_owned()).collect();
        comment.reverse();
        item::Item { comment, declaration: format!("#define {name} {value}") }
    };
    constants.map(item).into()
}

#[test]
fn the_checked_in_header_is_the_generated_one() {
    let generated = generate();
    if std::env::var_os("BLESS").is_some() {
        fs::write(HEADER, &generated).unwrap();
    }
    let checked_in = fs::read_to_string(HEADER).unwrap_or_default();
    if generated == checked_in {
        return;
    }
    let differing = generated
        .lines()
        .zip(checked_in.lines().chain(std::iter::repeat("(end of file)")))
        .enumerate()
        .find(|(_, (new, old))| new != old);
    panic!(
        "include/wxcoupon.h differs from the sources; run `make header` and look at the difference\n{}",
        differing.map_or_else(String::new, |(line, (new, old))| {
            format!("line {}:\n  checked in: {old}\n  generated:  {new}", line + 1)
        })
    );
}

#[test]
fn the_header_is_ascii_without_markdown_within_80_columns() {
    for (number, line) in generate().lines().enumerate() {
        assert!(line.is_ascii(), "line {}: {line}", number + 1);
        assert!(line.len() <= 80, "line {}: {} columns: {line}", number + 1, line.len());
        assert!(!line.contains('`') || line.contains("`make"), "line {}: Markdown: {line}", number + 1);
        assert!(!line.replace("://", "").contains("//"), "line {}: C++ comment: {line}", number + 1);
        assert!(!line.ends_with(' '), "line {}: blank at the end", number + 1);
        let ends = line.find("*/").is_none_or(|at| at + 2 == line.len() || line.starts_with("/*"));
        assert!(ends, "line {}: the comment ends in the middle of it: {line}", number + 1);
    }
}

#[test]
fn only_names_with_our_prefix_are_in_it() {
    for line in generate().lines().filter(|line| line.starts_with("#define")) {
        assert!(line.starts_with("#define WXCOUPON_"), "{line}");
    }
    assert!(!generate().contains("wxcoupon_test_"));
}
