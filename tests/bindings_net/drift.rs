//! Both bindings are the header's.

use crate::support::root;
use std::collections::BTreeMap;
use std::fs;

const DOTNET: &str = "bindings/dotnet/WxCoupon.cs";
const DELPHI: &str = "bindings/delphi/WxCoupon.pas";

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// What a parameter or result is at the boundary.
fn kind(declared: &str) -> &'static str {
    match declared.trim() {
        "int32_t" | "int" | "Integer" => "i32",
        "uint32_t" | "uint" | "Cardinal" => "u32",
        "void" | "" => "nothing",
        _ => "pointer",
    }
}

type Signatures = BTreeMap<String, Vec<&'static str>>;

/// The kinds of a C or C# parameter list: the type stands before the name.
fn kinds(parameters: &str) -> Vec<&'static str> {
    let one = |parameter: &str| {
        let parameter = parameter.trim();
        let name = parameter.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        kind(&parameter[..name])
    };
    parameters.split(',').filter(|p| !matches!(p.trim(), "" | "void")).map(one).collect()
}

/// Declarations that end with `;`, of the form `RESULT NAME(PARAMETERS)`.
fn declared(text: &str, marker: &str) -> Signatures {
    let mut found = Signatures::new();
    for piece in text.split(marker).skip(1) {
        let (head, rest) = piece.split_once('(').unwrap();
        let (parameters, _) = rest.split_once(");").unwrap();
        let head = head.replace("WXCOUPON_CALL", "");
        let (result, name) = head.trim().split_at(head.trim().rfind([' ', '*']).unwrap() + 1);
        let mut signature = kinds(parameters);
        signature.push(kind(result));
        found.insert(name.to_owned(), signature);
    }
    found
}

fn header() -> Signatures {
    declared(&text("include/wxcoupon.h"), "\nWXCOUPON_API ")
}

fn delphi() -> Signatures {
    let unit = text(DELPHI);
    let interface = unit.split_once("\nimplementation").unwrap().0;
    let mut found = Signatures::new();
    for piece in interface.split("\n  wxcoupon_").skip(1) {
        let (name, declaration) = piece.split_once(": ").unwrap();
        let (declaration, _) = declaration.split_once("; cdecl;").unwrap();
        let (parameters, result) = match declaration.split_once('(') {
            Some((_, rest)) => rest.rsplit_once(')').unwrap(),
            None => ("", declaration.trim_start_matches("function")),
        };
        let typed = parameters.split(';').filter_map(|p| p.split_once(':'));
        let mut signature: Vec<_> = typed
            .map(|(name, declared)| if name.trim().starts_with("var ") { "pointer" } else { kind(declared) })
            .collect();
        signature.push(kind(result.trim_start_matches(':')));
        found.insert(format!("wxcoupon_{name}"), signature);
    }
    found
}

#[test]
fn the_functions_are_the_headers() {
    let expected = header();
    assert!(expected.len() > 30, "{expected:?}");
    assert_eq!(declared(&text(DOTNET), "static extern "), expected);
    assert_eq!(delphi(), expected);
    let unit = text(DELPHI);
    for name in expected.keys() {
        assert!(unit.contains(&format!("@{name} := Need('{name}');")), "{name} is not loaded");
    }
}

/// Numbers of the header whose names begin like that.
fn numbers(prefix: &str) -> BTreeMap<String, i32> {
    let header = text("include/wxcoupon.h");
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let chosen = defined.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value.trim())));
    chosen.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

fn pascal_case(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect()
}

#[test]
fn the_numbers_are_the_headers() {
    let source = text(DOTNET);
    for (class, prefix) in
        [("Status", "WXCOUPON_E_"), ("StatusClass", "WXCOUPON_CLASS_"), ("LogLevel", "WXCOUPON_LOG_")]
    {
        let body = source.split_once(&format!("class {class}\n")).unwrap().1.split_once("    }").unwrap().0;
        let found: BTreeMap<String, i32> = body
            .lines()
            .filter_map(|line| {
                line.trim().strip_prefix("public const int ")?.trim_end_matches(';').split_once(" = ")
            })
            .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
            .collect();
        let mut expected: BTreeMap<_, _> =
            numbers(prefix).into_iter().map(|(name, value)| (pascal_case(&name), value)).collect();
        if class == "Status" {
            expected.insert("Ok".into(), 0);
        }
        assert_eq!(found, expected, "{class}");
    }
    let unit = text(DELPHI);
    let constants = unit
        .lines()
        .filter_map(|line| line.strip_prefix("  WXCOUPON_")?.strip_suffix(';')?.split_once(" = "));
    let found: BTreeMap<String, i32> =
        constants.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
    let expected: BTreeMap<String, i32> = ["E_", "CLASS_", "LOG_", "OK"]
        .iter()
        .flat_map(|kind| {
            numbers(&format!("WXCOUPON_{kind}"))
                .into_iter()
                .map(move |(name, value)| (format!("{kind}{name}"), value))
        })
        .collect();
    assert_eq!(found, expected);
    let abi = numbers("WXCOUPON_ABI_VERSION")[""];
    assert!(
        source.contains(&format!("AbiVersion = {abi};"))
            && unit.contains(&format!("WX_ABI_VERSION = {abi};"))
    );
}
