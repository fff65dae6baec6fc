//! A binding has the version of the library. That its declarations are those of `include/wxcoupon.json` is held by
//! `tests/c_boundary/header`, which writes them.

use std::fs;
use testkit::contract::Contract;
use testkit::root;

fn read(path: &str) -> String {
    fs::read_to_string(root().join("bindings").join(path)).unwrap()
}

#[test]
fn python_has_the_librarys_version() {
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(read("python/pyproject.toml").contains(&format!("\nversion = {version}\n")));
    assert!(read("python/wxcoupon/__init__.py").contains(&format!("\n__version__ = {version}\n")));
}

#[test]
fn node_has_the_librarys_version() {
    let version = format!("\"version\": \"{}\",", env!("CARGO_PKG_VERSION"));
    for file in ["node/package.json", "node/package-lock.json"] {
        assert!(read(file).contains(&version), "{file}");
    }
}

/// What the sandbox's console shows in each language calls what there is.
#[test]
fn snippets_of_the_console_use_names_that_exist() {
    let snippets = fs::read_to_string(root().join("sandbox/src/console/page/snippets.js")).unwrap();
    let contract = fs::read_to_string(root().join("include/wxcoupon.json")).unwrap();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = snippets.split(|letter| !is_part(letter));
    let raw = words.filter(|word| word.to_ascii_lowercase().starts_with("wxcoupon_"));
    let mut seen = 0;
    for name in raw {
        assert!(contract.contains(&format!("\"{name}\"")), "{name}");
        seen += 1;
    }
    assert!(seen > 10);
    // What is comfortable: file, what a snippet says, what stands in the file for it.
    for (file, said, there) in [
        ("python/wxcoupon/context.py", "Context.from_file(", "def from_file("),
        ("python/wxcoupon/errors.py", "wxcoupon.InDoubt:", "class InDoubt("),
        ("dotnet/WxCoupon.cs", "new WxCoupon.Context(", "public Context(string"),
        ("dotnet/WxCoupon.cs", "WxCoupon.InDoubtException", "class InDoubtException"),
        (
            "delphi/WxCoupon.pas",
            "TWxContext.Create(Config.Text)",
            "constructor Create(const ConfigJson: string)",
        ),
        ("delphi/WxCoupon.pas", "EWxInDoubt", "EWxInDoubt = class"),
        ("vb6/Till.bas", "OpenTill ", "Public Sub OpenTill("),
        ("vb6/Till.bas", "Redeem(RedemptionOf(", "Public Function RedemptionOf("),
        ("powerbuilder/n_till.sru", "of_redemption(", "string of_redemption ("),
        ("epl/till.txt", "立即核销 (核销请求 (", ".子程序 核销请求, 文本型"),
        ("java/WxCoupon.java", "new WxCoupon.Context(", "public Context(String config)"),
        ("node/errors.js", "wxcoupon.InDoubt)", "class InDoubt extends"),
        ("lua/wxcoupon.lua", "wxcoupon.new(", "function wxcoupon.new(config)"),
    ] {
        assert!(snippets.contains(said), "no snippet says {said}");
        assert!(read(file).contains(there), "{file} has no {there}");
    }
}

/// A file without what is generated in it.
fn by_hand(file: &str) -> String {
    let (mut text, mut generated) = (String::new(), false);
    for line in read(file).lines() {
        generated = (generated || line.contains("by make header: ")) && !line.contains("End of ");
        if !generated {
            text += line;
            text.push('\n');
        }
    }
    text
}

/// What is comfortable lies over the raw declarations and is written by hand: no function may be forgotten in it.
#[test]
fn each_function_is_used_by_each_binding() {
    let functions = Contract::read().functions;
    for files in [
        &[
            "python/wxcoupon/__init__.py",
            "python/wxcoupon/context.py",
            "python/wxcoupon/library.py",
            "python/wxcoupon/errors.py",
            "python/wxcoupon/log.py",
        ][..],
        &["node/index.js", "node/errors.js", "node/library.js"],
        &["lua/wxcoupon.lua"],
        &["java/WxCoupon.java"],
        &["dotnet/WxCoupon.cs"],
        &["delphi/WxCoupon.pas"],
    ] {
        let text: String = files.iter().map(|file| by_hand(file)).collect();
        // Each has its own way to read an answer. Pascal's tests ask for handles through the raw function.
        let needed = functions.iter().map(|function| function.name.as_str()).filter(|name| {
            !name.starts_with("wxcoupon_buf_")
                && (*name, files[0]) != ("wxcoupon_handles_live", "delphi/WxCoupon.pas")
        });
        let (used, missing): (Vec<&str>, Vec<&str>) = needed.partition(|name| uses(&text, name));
        assert!(missing.is_empty() && used.len() > 25, "{}: {missing:?}", files[0]);
    }
}

/// Whether the name stands in it, and not as the beginning of a longer one.
fn uses(text: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| !text[at + name.len()..].starts_with(goes_on))
}
