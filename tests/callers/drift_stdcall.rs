//! The declarations for languages that know only stdcall: each is what the header's prototype becomes in that language,
//! under the name of its stdcall door. The languages themselves are not run.

use crate::drift_dotnet_pascal::{Prototype, assert_same_numbers, header, text};
use std::collections::BTreeSet;

const VB6: &str = "bindings/vb6/WxCoupon.bas";
const POWERBUILDER: &str = "bindings/powerbuilder/n_wxcoupon.sru";
const EPL_FUNCTIONS: &str = "bindings/epl/dll.txt";
const EPL_NUMBERS: &str = "bindings/epl/constants.txt";

fn assert_same(found: impl Iterator<Item = String>, expected: impl Iterator<Item = String>) {
    let (found, expected): (BTreeSet<_>, BTreeSet<_>) = (found.collect(), expected.collect());
    let unknown: Vec<_> = found.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(
        unknown.is_empty() && missing.is_empty(),
        "not the header's: {unknown:#?}\nmissing: {missing:#?}"
    );
}

/// Lines without those that go on after this mark.
fn joined(text: &str, mark: &str) -> String {
    text.lines().fold(String::new(), |whole, line| match whole.strip_suffix(mark) {
        Some(begun) => format!("{begun} {}", line.trim_start()),
        None => format!("{whole}\n{line}"),
    })
}

fn vb6(name: &str, function: &Prototype, safe: &str) -> String {
    let word = |declared: &str| if declared.ends_with("int32_t") { "Long" } else { "LongPtr" };
    let one = |(declared, name): &(String, String)| {
        let by = if declared.ends_with("**") { "ByRef" } else { "ByVal" };
        format!("{by} {name} As {}", word(declared))
    };
    let parameters = function.parameters.iter().map(one).collect::<Vec<_>>().join(", ");
    let (what, result) = match function.result.as_str() {
        "void" => ("Sub", String::new()),
        declared => ("Function", format!(" As {}", word(declared))),
    };
    format!(
        r#"Public Declare {safe}{what} {name} Lib "wxcoupon.dll" Alias "{name}_std" ({parameters}){result}"#
    )
}

/// What an example calls or names, and with how many arguments where it has them in parentheses.
fn called(example: &str) -> Vec<(String, Option<usize>)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = example;
    while let Some(at) = rest.find(is_part) {
        let end = rest[at..].find(|c| !is_part(c)).map_or(rest.len(), |length| at + length);
        let (word, after) = (&rest[at..end], &rest[end..]);
        if ["wxcoupon_", "WXCOUPON_", "WX_"].iter().any(|begin| word.starts_with(begin)) {
            found.push((word.to_owned(), after.trim_start_matches(' ').strip_prefix('(').map(arguments)));
        }
        rest = after;
    }
    found
}

/// How many there are before the parenthesis closes.
fn arguments(text: &str) -> usize {
    let (mut depth, mut commas, mut some) = (0, 0, false);
    for c in text.chars() {
        match c {
            ')' if depth == 0 => break,
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => commas += 1,
            _ => {}
        }
        some |= !c.is_whitespace();
    }
    if some { commas + 1 } else { 0 }
}

#[test]
fn the_examples_call_what_is_declared() {
    assert_eq!(
        called("a = wxcoupon_x (f(1, 2), 3): WX_Y"),
        [("wxcoupon_x".to_owned(), Some(2)), ("WX_Y".to_owned(), None)]
    );
    let header = header();
    for (example, declarations) in [
        ("bindings/vb6/Till.bas", &[VB6][..]),
        ("bindings/powerbuilder/n_till.sru", &[POWERBUILDER]),
        ("bindings/epl/till.txt", &[EPL_FUNCTIONS, EPL_NUMBERS]),
    ] {
        let numbers: Vec<_> = declarations.iter().flat_map(|file| called(&text(file))).collect();
        let calls = called(&text(example));
        assert!(calls.iter().any(|(name, _)| name == "wxcoupon_use"), "{example}");
        for (name, given) in calls {
            match header.get(&name) {
                Some(function) => {
                    let count = function.parameters.len();
                    assert!(given.is_none_or(|given| given == count), "{example}: {name} takes {count}");
                }
                None => assert!(numbers.iter().any(|(known, _)| *known == name), "{example}: {name}"),
            }
        }
    }
}

#[test]
fn visual_basic_declares_the_header() {
    let module = text(VB6);
    assert!(module.is_ascii(), "{VB6} is read in the code page of Windows");
    let (office, vb6_alone) = module.split_once("\n#If VBA7 Then").unwrap().1.split_once("\n#Else").unwrap();
    let (vb6_alone, _) = vb6_alone.split_once("\n#End If").unwrap();
    for (part, safe) in [(office, "PtrSafe "), (vb6_alone, "")] {
        let declarations = joined(part, " _");
        let found = declarations.lines().filter(|line| line.starts_with("Public Declare")).map(str::to_owned);
        assert_same(found, header().iter().map(|(name, function)| vb6(name, function, safe)));
    }
    let numbers =
        module.lines().filter_map(|line| line.strip_prefix("Public Const WX")?.split_once(" As Long = "));
    assert_same_numbers(numbers);
}

fn powerbuilder(name: &str, function: &Prototype) -> String {
    let one = |(declared, name): &(String, String)| {
        let word = match (declared.as_str(), name.as_str()) {
            ("int32_t", _) => "long",
            ("uint32_t", _) => "ulong",
            ("uint16_t *", _) => "ref string",
            // They are ASCII; every other text is UTF-8.
            ("const char *", "operation" | "method" | "path_and_query") => "string",
            ("const char *" | "char *" | "const void *", _) => "ref blob",
            (handle, _) if handle.ends_with("**") => "ref longptr",
            _ => "longptr",
        };
        format!("{word} {name}")
    };
    let parameters: Vec<_> = function.parameters.iter().map(one).collect();
    let what = match (function.result.as_str(), name) {
        ("void", _) => "SUBROUTINE",
        ("int32_t", _) => "FUNCTION long",
        ("uint32_t", _) => "FUNCTION ulong",
        ("const char *", name) if name != "wxcoupon_buf_data" => "FUNCTION string",
        _ => "FUNCTION longptr",
    };
    let narrow =
        what.ends_with("string") || parameters.iter().any(|parameter| parameter.starts_with("string"));
    let (parameters, ansi) = (parameters.join(", "), if narrow { ";Ansi" } else { "" });
    format!(r#"{what} {name}({parameters}) LIBRARY "wxcoupon.dll" ALIAS FOR "{name}_std{ansi}""#)
}

#[test]
fn power_builder_declares_the_header_but_the_log() {
    let object = text(POWERBUILDER);
    let declarations = joined(&object, " &");
    let found =
        declarations.lines().filter(|line| line.starts_with("FUNCTION ") || line.starts_with("SUBROUTINE "));
    // It has no functions that a library could call.
    let functions = header().into_iter().filter(|(name, _)| name != "wxcoupon_log_set");
    assert_same(found.map(str::to_owned), functions.map(|(name, function)| powerbuilder(&name, &function)));
    assert_same_numbers(
        object.lines().filter_map(|line| line.strip_prefix("CONSTANT long WX")?.split_once(" = ")),
    );
}

fn epl(name: &str, function: &Prototype) -> String {
    let word = |declared: &str| match declared {
        "void" => "",
        "const char *" => "文本型",
        "char *" | "uint16_t *" | "const void *" => "字节集",
        _ => "整数型",
    };
    let one = |(declared, name): &(String, String)| {
        let by = if declared.ends_with("**") { "传址" } else { "" };
        format!("\n.参数 {name}, {}, {by}", word(declared))
    };
    let parameters: String = function.parameters.iter().map(one).collect();
    let result = word(&function.result);
    format!(r#".DLL命令 {name}, {result}, "wxcoupon.dll", "{name}_std", 公开{parameters}"#)
}

#[test]
fn epl_declares_the_header() {
    let table = text(EPL_FUNCTIONS);
    let head = "\u{feff}.版本 2\n\n";
    let declarations = table.replace("\r\n", "\n");
    let declarations = declarations.strip_prefix(head).unwrap().split("\n\n");
    // Behind the last field that counts there is a remark.
    let fields = |line: &str, count: usize| {
        line.trim().splitn(count + 1, ", ").take(count).collect::<Vec<_>>().join(", ")
    };
    let found = declarations.map(|declaration| {
        let (first, parameters) = declaration.split_once('\n').unwrap_or((declaration, ""));
        let parameters = parameters.lines().map(|line| format!("\n{}", fields(line, 3)));
        fields(first, 5) + &parameters.collect::<String>()
    });
    assert_same(found, header().iter().map(|(name, function)| epl(name, function)));
    let numbers = text(EPL_NUMBERS);
    let constants = numbers
        .lines()
        .filter_map(|line| line.strip_prefix(".常量 WX")?.strip_suffix("\", 公开")?.split_once(", \""));
    assert_same_numbers(constants);
}
