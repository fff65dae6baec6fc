//! The types in which programs already compiled call us are held against tests/golden/wxcoupon.abi.
//!
//! The baseline is of a C library made from `include/wxcoupon.json`: `tests/c_boundary/header` holds it and the header to the Rust
//! signatures and `tests/c_boundary/abi.rs` the exports to it, and gcc's debug information of fifty C functions stays small and
//! the same under every rustc, which Rust's own does not.
//!
//! `BLESS=1 cargo test --test c_boundary abi_baseline` takes additions into the baseline. What breaks programs cannot be
//! blessed: raise `WXCOUPON_ABI_VERSION` and the SONAME, and delete the baseline.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::contract::{Contract, Function, Kind, Parameter, Type, Typed};
use testkit::toolchain::have;
use testkit::{root, run, scratch};

/// Bits of abidiff's exit status.
const FAILED: i32 = 1 | 2;
const INCOMPATIBLE: i32 = 8;

fn baseline() -> PathBuf {
    root().join("tests/golden/wxcoupon.abi")
}

fn have_tools() -> bool {
    ["gcc", "abidw", "abidiff"].into_iter().all(have)
}

/// Defines what the contract declares, and exports its numbers as the members of an enumeration.
fn definitions(contract: &Contract) -> String {
    let mut source = "#include <stdint.h>\n\n".to_owned();
    for handle in &contract.handles {
        let _ = writeln!(source, "typedef struct {0} {0};", handle.name);
    }
    for callback in &contract.callbacks {
        let parameters: Vec<String> = callback.parameters.iter().map(Typed::c).collect();
        let (returns, name) = (&callback.returns.c, &callback.name);
        let _ = writeln!(source, "typedef {returns} (*{name})({});", parameters.join(", "));
    }
    for function in &contract.functions {
        let body = if function.returns.of.kind == Kind::None { "{ }" } else { "{ return 0; }" };
        let _ = writeln!(source, "{} {body}", function.prototype());
    }
    source += "\nenum wxcoupon_number {\n";
    for (name, number) in contract.numbers() {
        let _ = writeln!(source, "    IS_{name} = {number},");
    }
    source
        + "};\nvoid wxcoupon_numbers(enum wxcoupon_number number);\n\
              void wxcoupon_numbers(enum wxcoupon_number number) { (void)number; }\n"
}

/// Compiles such a library and answers its path.
fn library(folder: &Path, contract: &Contract) -> PathBuf {
    fs::write(folder.join("wxcoupon.c"), definitions(contract)).unwrap();
    let soname = format!("-Wl,-soname,libwxcoupon.so.{}", wxcoupon::ffi::WXCOUPON_ABI_VERSION);
    let mut gcc = Command::new("gcc");
    gcc.current_dir(folder).args(["-std=c11", "-g", "-O0", "-fPIC", "-shared", "-nostdlib", "-w", &soname]);
    run(gcc.args(["wxcoupon.c", "-o", "libwxcoupon.so"])).unwrap();
    folder.join("libwxcoupon.so")
}

/// Exit status and report of abidiff.
fn compare(old: &Path, new: &Path) -> (i32, String) {
    let output = Command::new("abidiff").args([old, new]).output().unwrap();
    let status = output.status.code().unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(status & FAILED, 0, "{report}{}", String::from_utf8_lossy(&output.stderr));
    (status, report)
}

fn write_baseline(library: &Path) {
    let mut abidw = Command::new("abidw");
    abidw.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed"]);
    abidw.args(["--type-id-style", "hash", "--out-file"]).arg(baseline()).arg(library);
    run(&mut abidw).unwrap();
}

#[test]
fn programs_already_compiled_keep_working() {
    if !have_tools() {
        return;
    }
    let today = library(&scratch("abi-today"), &Contract::read());
    let bless = std::env::var_os("BLESS").is_some();
    if bless && !baseline().exists() {
        write_baseline(&today);
    }
    let (status, report) = compare(&baseline(), &today);
    assert_eq!(status & INCOMPATIBLE, 0, "compiled programs would break:\n{report}");
    if status != 0 && bless {
        write_baseline(&today);
    } else {
        assert_eq!(
            status, 0,
            "after an intended addition: BLESS=1 cargo test --test c_boundary abi_baseline\n{report}"
        );
    }
}

type Change = fn(&mut Contract);

#[test]
fn every_kind_of_change_is_noticed() {
    if !have_tools() {
        return;
    }
    let unchanged = library(&scratch("abi-unchanged"), &Contract::read());
    let folder = scratch("abi-changed");
    let changes: [(&str, Change); 6] = [
        ("a narrower return type", |contract| {
            function(contract, "wxcoupon_buf_len").returns.of.c = "uint16_t".to_owned();
        }),
        ("another parameter type", |contract| {
            function(contract, "wxcoupon_status_class").parameters[0].typed.of.c = "int64_t".to_owned();
        }),
        ("a pointer to something else", |contract| {
            function(contract, "wxcoupon_job_cancel").parameters[0].typed.of.c = "wxcoupon_ctx *".to_owned();
        }),
        ("a function that went", |contract| {
            function(contract, "wxcoupon_handles_live").name = "wxcoupon_handles_alive".to_owned();
        }),
        ("another number", |contract| {
            let busy = contract.classes.iter_mut().find(|class| class.name == "WXCOUPON_CLASS_BUSY").unwrap();
            busy.number = 7;
        }),
        ("one parameter more", |contract| {
            let of = Type { c: "int32_t".to_owned(), kind: Kind::Int32 };
            let typed = Typed { name: "why".to_owned(), of };
            let parameter = Parameter { typed, text: String::new() };
            function(contract, "wxcoupon_job_cancel").parameters.insert(0, parameter);
        }),
    ];
    for (what, change) in changes {
        let mut contract = Contract::read();
        change(&mut contract);
        let (status, report) = compare(&unchanged, &library(&folder, &contract));
        assert_ne!(status, 0, "{what} was not noticed:\n{report}");
    }
}

fn function<'a>(contract: &'a mut Contract, name: &str) -> &'a mut Function {
    contract.functions.iter_mut().find(|function| function.name == name).unwrap()
}
