//! Which test runs or checks each block of code. A block has its page and words of its first line for a name. What stands in
//! a Chinese page is the same code (`twins`).
//!
//! JSON must be JSON. Blocks marked as `text` are diagrams and what programs print.

use How::{Never, RunBy, Spelt};
use serde_json::Value;
use std::collections::BTreeSet;
use testkit::pages::{Block, all, blocks};
use testkit::root;

/// What becomes of a block.
enum How {
    /// This test names the block, and runs or compiles it.
    RunBy(&'static str),
    /// It runs for long, or is what runs the tests: only that the targets, scripts, crates and options exist is checked.
    Spelt,
    /// It cannot be run where tests run.
    Never(&'static str),
}

const HERE: How = RunBy("tests/pages/snippets.rs");
const COMMANDS: How = RunBy("tests/pages/commands.rs");
const WINDOWS: How = RunBy("tests/windows/quickstart/mod.rs");

const BLOCKS: &[(&str, &str, How)] = &[
    ("README.md", "cc examples-c/01_redeem.c", COMMANDS),
    ("README.md", "#include <stdio.h>", RunBy("tests/c_boundary/header/first_page.rs")),
    ("docs/callers.md", "function wxcoupon_ctx_new", HERE),
    ("docs/callers.md", "[DllImport", HERE),
    ("docs/callers.md", "wx = ctypes.CDLL", HERE),
    ("docs/callers.md", "wxcoupon::Context till;", HERE),
    ("docs/callers.md", "cc till.c -I include -L lib", COMMANDS),
    ("docs/callers.md", "export PKG_CONFIG_PATH", COMMANDS),
    ("docs/callers.md", "find_package", COMMANDS),
    ("docs/callers.md", "pip install", COMMANDS),
    ("docs/callers.md", "import wxcoupon", HERE),
    ("docs/callers.md", "using (var till", HERE),
    ("docs/callers.md", "Till := TWxContext.Create", HERE),
    (
        "docs/callers.md",
        "Dim request() As Byte",
        Never("Visual Basic 6 is not to be had; its names are checked by `names`"),
    ),
    (
        "docs/callers.md",
        "blob lblb_request",
        Never("PowerBuilder is not to be had; its names are checked by `names`"),
    ),
    (
        "docs/callers.md",
        "请求 ＝ 核销请求",
        Never("易语言 is not to be had; its names are checked by `names`"),
    ),
    ("docs/callers.md", "local till = wxcoupon.new", HERE),
    ("docs/callers.md", "const till = new wxcoupon.Context", HERE),
    ("docs/callers.md", "try (WxCoupon.Context till", HERE),
    ("docs/deployment.md", "./07_check config.json online", COMMANDS),
    ("docs/deployment.md", "./05_settle config.json", COMMANDS),
    ("docs/fuzzing.md", "make fuzz MINUTES=5", Spelt),
    ("docs/notifications.md", "status = wxcoupon_notification_open", HERE),
    ("docs/platforms.md", "x86_64-w64-mingw32-gcc", WINDOWS),
    (
        "docs/platforms.md",
        "cl till.c",
        Never("Visual C++ is not to be had; its import library is tested by tests/windows/image.rs"),
    ),
    ("docs/platforms.md", "zig cc -target", RunBy("tests/packaging/linux.rs")),
    ("docs/platforms.md", "gcc -static", Never("no Alpine: the page says that it was not run")),
    (
        "docs/platforms.md",
        "cargo rustc",
        Never("it compiles everything once more; `make test` builds that feature for `signature`"),
    ),
    (
        "docs/postgresql.md",
        "cargo rustc",
        Never("it compiles everything once more; `make test` builds that feature for `postgres`"),
    ),
    (
        "docs/postgresql.md",
        "CREATE ROLE coupons",
        Never("the tests of `postgres` make servers, roles and databases of their own"),
    ),
    (
        "docs/chain.md",
        "CREATE ROLE coupons",
        Never("the tests of `postgres` make servers, roles and databases of their own"),
    ),
    ("docs/quickstart-windows.md", "mkdir", WINDOWS),
    ("docs/quickstart-windows.md", "using System;", WINDOWS),
    ("docs/quickstart-windows.md", "cd C:\\till", WINDOWS),
    ("docs/quickstart-windows.md", "program Till;", WINDOWS),
    (
        "docs/quickstart-windows.md",
        "wxcoupon-sandbox.exe --dir",
        Never("the tests' sandbox is started by them; its options are checked by `commands`"),
    ),
    ("docs/sandbox.md", "./wxcoupon-sandbox --dir", COMMANDS),
    ("docs/sandbox.md", "wxcoupon -c sandbox/config.json use", COMMANDS),
    ("docs/sandbox.md", "curl -X POST http://127.0.0.1:40003/told", COMMANDS),
    ("docs/sandbox.md", "wxcoupon-sandbox --scenario", COMMANDS),
    ("docs/simulation.md", "make simulate SECONDS=60", Spelt),
    ("sandbox/README.md", "--dir", RunBy("sandbox/tests/program.rs")),
    ("sandbox/README.md", "--fault", COMMANDS),
    ("sandbox/README.md", "curl -s", COMMANDS),
    (
        "sandbox/README.md",
        "Sandbox::start",
        Never("the tests of every crate start it so, with a client of their own"),
    ),
    ("tests/README.md", "cargo test --workspace --test scenarios", Spelt),
];

fn needs_no_test(block: &Block) -> bool {
    match block.language.as_str() {
        "text" => true,
        "json" => {
            let read: Result<Value, _> = serde_json::from_str(&block.text);
            assert!(read.is_ok(), "line {}: {read:?}", block.line);
            true
        }
        _ => false,
    }
}

#[test]
fn each_block_is_run_or_has_a_reason() {
    let mut left: BTreeSet<(&str, &str)> = BLOCKS.iter().map(|(page, words, _)| (*page, *words)).collect();
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    let english =
        |page: &String| !page.starts_with("docs/zh/") && !page.contains("zh.md") && !page.contains("zh-CN");
    for page in all(root()).into_iter().filter(english) {
        for block in blocks(&page).into_iter().filter(|block| !needs_no_test(block)) {
            let fits =
                |(of, words, _): &&(&str, &str, How)| *of == page && block.first_line().contains(words);
            let Some((of, words, how)) = BLOCKS.iter().find(fits) else {
                unknown.push(format!("{page}:{}: {}", block.line, block.first_line()));
                continue;
            };
            left.remove(&(*of, *words));
            match how {
                RunBy(test) => {
                    let source = std::fs::read_to_string(root().join(test)).unwrap_or_default();
                    if !names(&source, &page, words) {
                        wrong.push(format!("{test} does not name {page}: {words}"));
                    }
                }
                Spelt => {
                    wrong.extend(misspelt(&block.text).into_iter().map(|word| format!("{page}: {word}")));
                }
                Never(reason) => assert!(reason.len() > 20),
            }
        }
    }
    assert!(unknown.is_empty(), "blocks that no test runs (tests/pages/blocks.rs):\n{}", unknown.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(left.is_empty(), "blocks that are not there any more: {left:?}");
}

/// Whether a test speaks of the block: by its words, or for a program that it knows otherwise by the page.
fn names(source: &str, page: &str, words: &str) -> bool {
    let escaped = words.replace('\\', "\\\\").replace('"', "\\\"");
    source.contains(&escaped) || (words.starts_with("#include") && source.contains(page))
}

/// Targets of make, scripts, test crates, fuzz targets and options that do not exist.
fn misspelt(commands: &str) -> Vec<String> {
    let file = |name: &str| std::fs::read_to_string(root().join(name)).unwrap_or_default();
    let mut wrong = Vec::new();
    for line in commands.lines() {
        let line = line.split('#').next().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_right = match words[..] {
            ["make", target, ..] => file("Makefile").contains(&format!("\n{target}:")),
            ["cargo", "test", ref options @ ..] => {
                let crates = options.windows(2).filter(|pair| pair[0] == "--test").map(|pair| pair[1]);
                let there = |name: &str| {
                    root().join(format!("tests/{name}.rs")).exists()
                        || root().join(format!("tests/{name}/main.rs")).exists()
                };
                crates.into_iter().all(there)
            }
            ["cargo", "fuzz", "run", target] => {
                file("fuzz/Cargo.toml").contains(&format!("name = \"{target}\""))
            }
            [script, ref rest @ ..] if script.starts_with("tools/") => {
                let text = file(script) + &file("simulation/src/cli.rs");
                let options = rest.iter().filter(|word| word.starts_with("--"));
                !file(script).is_empty()
                    && options.into_iter().all(|option| text.contains(option.trim_start_matches('-')))
            }
            _ => line.trim().is_empty(),
        };
        if !is_right {
            wrong.push(line.trim().to_owned());
        }
    }
    wrong
}
