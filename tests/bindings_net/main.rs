//! .NET and Object Pascal as callers: both bindings are the header's, and a till in each redeems coupons.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failed test panics")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use support::library::release;
use support::toolchain::{have, have_with, skipped};
use support::{limited, root, run, scratch};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const DOTNET: &str = "bindings/dotnet/WxCoupon.cs";
const DOTNET_NATIVE: &str = "bindings/dotnet/WxCouponNative.cs";
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
    assert_eq!(declared(&text(DOTNET_NATIVE), "static extern "), expected);
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

/// Runs a till against a sandbox that loses the answers of some redemptions until the till says so.
fn runs(mut till: Command, tag: &str) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").coupon("AUTO_LOST"));
    sandbox.inject(Fault::new(FaultKind::Hang).on("use").coupon("AUTO_HANG"));
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 300 }).on("query").coupon("AUTO_SLOW"));
    till.arg(sandbox.config_path()).arg(tag).env("LD_LIBRARY_PATH", &release().folder);
    let mut process = till.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = String::new();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    while !printed.ends_with("IN DOUBT\n") && out.read_line(&mut printed).unwrap() > 0 {}
    sandbox.clear_faults();
    let _ = process.stdin.take().unwrap().write_all(b"\n");
    out.read_to_string(&mut printed).unwrap();
    let status = process.wait().unwrap();
    assert!(status.success() && printed.contains("ALL HOLDS"), "{till:?}: {status}\n{printed}");
}

fn compile_till(folder: &Path) {
    let mut compiler = Command::new("mcs");
    compiler.args(["-langversion:5", "-warnaserror", "-codepage:utf8"]);
    compiler.arg(format!("-out:{}", folder.join("till.exe").display()));
    compiler.arg(root().join(DOTNET)).arg(root().join(DOTNET_NATIVE));
    run(compiler.arg(root().join("tests/bindings_net/Till.cs"))).unwrap();
}

#[test]
fn a_till_on_mono() {
    if !have("mcs") || !have("mono") {
        return;
    }
    let folder = scratch("till-mono");
    compile_till(&folder);
    let mut till = limited(100, "mono");
    till.arg(folder.join("till.exe"));
    runs(till, "MONO");
}

/// `WXCOUPON_DOTNET` names the host program `dotnet` of a .NET runtime, 3.1 or later.
#[test]
fn a_till_on_core_clr() {
    let Some(dotnet) = std::env::var_os("WXCOUPON_DOTNET") else {
        return skipped("WXCOUPON_DOTNET");
    };
    if !have("mcs") {
        return;
    }
    let folder = scratch("till-core-clr");
    compile_till(&folder);
    fs::rename(folder.join("till.exe"), folder.join("till.dll")).unwrap();
    let runtime = r#"{"runtimeOptions":{"rollForward":"Major","framework":{"name":"Microsoft.NETCore.App",
        "version":"3.1.0"},"configProperties":{"System.Globalization.Invariant":true}}}"#;
    fs::write(folder.join("till.runtimeconfig.json"), runtime).unwrap();
    let mut till = limited(100, dotnet);
    till.arg(folder.join("till.dll"));
    runs(till, "CORE");
}

#[test]
fn a_till_in_object_pascal_with_floating_point_exceptions_unmasked() {
    if !have_with("fpc", "-iV") {
        return;
    }
    let folder = scratch("till-pascal");
    let compiler = || {
        let mut compiler = Command::new("fpc");
        compiler.args(["-O2", "-vew"]).arg(format!("-FU{}", folder.display()));
        compiler
    };
    run(compiler().arg("-Sew").arg(root().join(DELPHI))).unwrap();
    let mut program = compiler();
    program.arg(format!("-Fu{}", root().join("bindings/delphi").display()));
    program.arg(format!("-o{}", folder.join("till").display()));
    run(program.arg(root().join("tests/bindings_net/till.pas"))).unwrap();
    runs(limited(100, folder.join("till")), "PASCAL");
}
