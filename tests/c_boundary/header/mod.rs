//! The header, the contract and the raw declarations of the bindings are generated from the sources, checked in, and
//! equal to them.
//!
//! `BLESS=1 cargo test --test c_boundary header` (or `make header`) rewrites them after an intended change.

mod answers;
mod bindings;
mod document;
mod first_page;
mod item;
mod json;
mod layout;

use layout::{Chapter, Frame};
use std::fs;
use std::path::Path;
use testkit::contract::Contract;
use wxcoupon::api;

/// The smallest program that redeems, as far as a page shows it.
fn example() -> &'static str {
    const PROGRAM: &str = include_str!("../../../examples-c/00_shortest.c");
    &PROGRAM[PROGRAM.find("#include").unwrap()..]
}

/// What the sources of this moment declare.
fn sources() -> (Frame, Vec<Chapter>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(root.join("include/cbindgen.toml")).unwrap();
    let frame = Frame {
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
    list_operations(&mut items);
    (frame, layout::chapters(items))
}

fn header() -> String {
    let (frame, chapters) = sources();
    layout::assemble(&frame, example(), &chapters)
}

fn contract() -> Contract {
    json::contract(&sources().1, example())
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

/// The names that `wxcoupon_call` knows are those of the library's table.
fn list_operations(items: &mut [item::Item]) {
    let call = items.iter_mut().find(|item| item.name() == "wxcoupon_call").unwrap();
    let place = call.comment.iter_mut().find(|line| line.trim() == "operation: its name.").unwrap();
    let (last, names) = api::ALL.split_last().unwrap();
    let names: Vec<&str> = names.iter().map(|operation| operation.id).collect();
    *place = format!("operation: its name: {} or {}.", names.join(", "), last.id);
}

/// Fails where a file is not what it should be. With `BLESS` it is written.
fn assert_generated(file: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, generated).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    if generated == checked_in {
        return;
    }
    let differing = generated
        .lines()
        .zip(checked_in.lines().chain(std::iter::repeat("(end of file)")))
        .enumerate()
        .find(|(_, (new, old))| new != old);
    panic!(
        "{file} differs from the sources; run `make header` and look at the difference\n{}",
        differing.map_or_else(String::new, |(line, (new, old))| {
            format!("line {}:\n  checked in: {old}\n  generated:  {new}", line + 1)
        })
    );
}

#[test]
fn the_checked_in_header_is_the_generated_one() {
    assert_generated("include/wxcoupon.h", &header());
}

#[test]
fn the_checked_in_contract_is_the_generated_one() {
    assert_generated("include/wxcoupon.json", &json::text(&contract()));
}

/// What the libraries of all platforms are held against.
#[test]
fn the_list_of_symbols_is_the_contracts() {
    let mut names: Vec<String> = contract().functions.iter().map(|function| function.name.clone()).collect();
    names.sort();
    assert_generated("tests/golden/symbols.txt", &(names.join("\n") + "\n"));
}

#[test]
fn the_bindings_declare_the_contract() {
    bindings::assert_generated(&contract());
    bindings::assert_as_each_manual_says(&contract());
}

#[test]
fn the_contract_reads_as_it_was_written() {
    let written = json::text(&contract());
    let read: Contract = serde_json::from_str(&written).unwrap();
    assert_eq!(json::text(&read), written);
    assert_eq!(read.operations.len(), api::ALL.len());
    for function in &read.functions {
        assert!(!function.text.is_empty() && !function.threads.is_empty(), "{}", function.name);
        for parameter in &function.parameters {
            assert!(!parameter.text.is_empty(), "{}: {}", function.name, parameter.typed.name);
        }
    }
}

/// The prototypes that are put together again from the contract stand in the header.
#[test]
fn the_contract_says_what_the_header_says() {
    let words = |text: &str| text.replace("WXCOUPON_CALL ", "").split_whitespace().collect::<String>();
    let (header, contract) = (words(&header()), contract());
    assert!(contract.functions.len() > 30 && contract.numbers().count() > 45);
    for function in &contract.functions {
        let prototype = format!("WXCOUPON_API {};", function.prototype());
        assert!(header.contains(&words(&prototype)), "{prototype}");
    }
    for (name, number) in contract.numbers() {
        assert!(header.contains(&words(&format!("#define {name} {number}"))), "{name}");
    }
}

#[test]
fn the_header_is_ascii_without_markdown_within_80_columns() {
    for (number, line) in header().lines().enumerate() {
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
    for line in header().lines().filter(|line| line.starts_with("#define")) {
        assert!(line.starts_with("#define WXCOUPON_"), "{line}");
    }
    assert!(!header().contains("wxcoupon_test_"));
}
