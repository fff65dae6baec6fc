//! `wxcoupon.hpp` in every standard from C++11 on, with exceptions and without, and a till in C++ that uses it.

use std::process::Command;
use testkit::contract::Contract;
use testkit::library::release;
use testkit::toolchain::{compile, compiler, have};
use testkit::{assert_none, limited, root, run, scratch};
use wxcoupon_sandbox::{Options, Sandbox};

const STANDARDS: [&str; 4] = ["c++11", "c++14", "c++17", "c++20"];
const WAYS: [&[&str]; 2] = [&["-fno-exceptions", "-fno-rtti"], &["-DWXCOUPON_THROWS"]];
const STRICTER: [&str; 4] = ["-Wshadow", "-Wconversion", "-Wold-style-cast", "-Wnon-virtual-dtor"];

fn strict(command: &str, standard: &str, way: &[&str]) -> Command {
    let mut compiler = compiler(command, standard);
    compiler.args(STRICTER).args(way);
    compiler
}

#[test]
fn the_header_compiles_without_a_word() {
    let source = root().join("tests/cpp/till.cpp");
    let mut failures = Vec::new();
    for command in ["g++", "clang++"] {
        if !have(command) {
            continue;
        }
        for (standard, way) in STANDARDS.iter().flat_map(|standard| WAYS.map(|way| (standard, way))) {
            let mut compiler = strict(command, standard, way);
            failures.extend(run(compiler.arg("-fsyntax-only").arg(&source)).err());
        }
    }
    assert_none(&failures);
}

#[test]
fn a_till_works_a_day_with_exceptions_and_without() {
    let folder = scratch("cpp");
    for (count, way) in WAYS.into_iter().enumerate() {
        if !have("g++") {
            return;
        }
        let program = folder.join(format!("till-{count}"));
        let source = root().join("tests/cpp/till.cpp");
        compile(strict("g++", "c++11", way), &[&source], Some(&release().folder), &program).unwrap();
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let said = run(limited(60, &program).arg(sandbox.config_path())).unwrap();
        assert!(said.ends_with("all done\n"), "{said}");
        assert_eq!(sandbox.ledger().len(), 3, "redeemed, returned, and by a job");
    }
}

/// Every function of the C header is used by the C++ one.
#[test]
fn no_function_is_left_out() {
    let cpp = std::fs::read_to_string(root().join("include/wxcoupon.hpp")).unwrap();
    let functions = Contract::read().functions;
    assert!(functions.len() > 30);
    let missing: Vec<&str> =
        functions.iter().map(|function| function.name.as_str()).filter(|name| !cpp.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
