//! The bindings for .NET and Object Pascal are the header's.

use std::collections::BTreeMap;
use std::fs;
use testkit::root;

const DOTNET: &str = "bindings/dotnet/WxCoupon.cs";
const DELPHI: &str = "bindings/delphi/WxCoupon.pas";

/// A file of the project.
pub fn text(path: &str) -> String {
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

/// A function as it is declared.
pub struct Prototype {
    /// Type and name of each parameter.
    pub parameters: Vec<(String, String)>,
    /// Type of the result.
    pub result: String,
}

type Signatures = BTreeMap<String, Vec<&'static str>>;

/// What crosses the boundary, the result last.
fn signatures(prototypes: &BTreeMap<String, Prototype>) -> Signatures {
    let signature = |prototype: &Prototype| {
        let types = prototype.parameters.iter().map(|(declared, _)| declared);
        types.chain([&prototype.result]).map(|declared| kind(declared)).collect()
    };
    prototypes.iter().map(|(name, prototype)| (name.clone(), signature(prototype))).collect()
}

/// `TYPE NAME`, or `TYPE *NAME`.
fn typed(declared: &str) -> (String, String) {
    let declared = declared.trim();
    let (declared, name) = declared.split_at(declared.rfind([' ', '*']).map_or(0, |at| at + 1));
    (declared.trim().to_owned(), name.to_owned())
}

/// Declarations in C or C# that end with `;`, of the form `RESULT NAME(PARAMETERS)`.
fn declared(text: &str, marker: &str) -> BTreeMap<String, Prototype> {
    let declaration = |piece: &str| {
        let (head, rest) = piece.split_once('(').unwrap();
        let (parameters, _) = rest.split_once(");").unwrap();
        let (result, name) = typed(&head.replace("WXCOUPON_CALL ", ""));
        let parameters = parameters.split(',').filter(|p| !matches!(p.trim(), "" | "void")).map(typed);
        (name, Prototype { parameters: parameters.collect(), result })
    };
    text.split(marker).skip(1).map(declaration).collect()
}

/// The functions of the header.
pub fn header() -> BTreeMap<String, Prototype> {
    let header = declared(&text("include/wxcoupon.h"), "\nWXCOUPON_API ");
    assert!(header.len() > 30, "{:?}", header.keys());
    header
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
    let expected = signatures(&header());
    assert_eq!(signatures(&declared(&text(DOTNET), "static extern ")), expected);
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
    let found =
        unit.lines().filter_map(|line| line.strip_prefix("  WX")?.strip_suffix(';')?.split_once(" = "));
    assert_same_numbers(found);
    let abi = numbers("WXCOUPON_ABI_VERSION")[""];
    assert!(source.contains(&format!("AbiVersion = {abi};")));
}

/// The numbers of a binding that knows no case: the ABI's would have the name of a function, and has another. Given
/// are names without `WX`.
pub fn assert_same_numbers<'a>(found: impl Iterator<Item = (&'a str, &'a str)>) {
    let found: BTreeMap<String, i32> =
        found.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
    let kinds = ["COUPON_E_", "COUPON_CLASS_", "COUPON_LOG_", "COUPON_OK"];
    let mut expected: BTreeMap<String, i32> = kinds
        .iter()
        .flat_map(|kind| {
            numbers(&format!("WX{kind}"))
                .into_iter()
                .map(move |(name, value)| (format!("{kind}{name}"), value))
        })
        .collect();
    expected.insert("_ABI_VERSION".to_owned(), numbers("WXCOUPON_ABI_VERSION")[""]);
    assert_eq!(found, expected);
}
