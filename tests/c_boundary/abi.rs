//! The binary interface of the release build: what it exports, how it is named, what it needs.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use testkit::contract::Contract;
use testkit::library::release;
use testkit::toolchain::{compile, compiler, have};
use testkit::{limited, root, run, scratch};

fn exports() -> BTreeSet<String> {
    let listed =
        run(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(release().shared()));
    listed.unwrap().lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

/// What the dynamic linker reads.
fn dynamic_section() -> String {
    run(Command::new("readelf").args(["-d", "-W"]).arg(release().shared())).unwrap()
}

#[test]
fn exports_are_the_functions_of_the_header_and_nothing_else() {
    if !have("nm") {
        return;
    }
    let contract = Contract::read();
    let declared: BTreeSet<String> =
        contract.functions.iter().map(|function| function.name.clone()).collect();
    assert_eq!(exports(), declared);
    assert!(declared.len() > 30 && declared.iter().all(|name| name.starts_with("wxcoupon_")));
}

#[test]
fn the_library_is_named_by_its_abi_and_never_unloaded() {
    if !have("readelf") {
        return;
    }
    let section = dynamic_section();
    let abi = wxcoupon::ffi::WXCOUPON_ABI_VERSION;
    assert!(section.contains(&format!("Library soname: [libwxcoupon.so.{abi}]")), "{section}");
    assert!(section.contains("NODELETE"), "{section}");
}

#[test]
fn it_needs_nothing_that_a_system_could_lack() {
    if !have("readelf") {
        return;
    }
    let section = dynamic_section();
    let needed = section.lines().filter(|line| line.contains("(NEEDED)"));
    for library in needed.filter_map(|line| line.split(['[', ']']).nth(1)) {
        let part_of_the_system = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2"];
        assert!(
            part_of_the_system.contains(&library) || library.starts_with("ld-linux"),
            "it needs {library}"
        );
    }
}

#[test]
fn macros_and_functions_say_the_same() {
    if !have("gcc") {
        return;
    }
    let contract = Contract::read();
    let mut checks = String::new();
    let mut check = |name: &str, condition: String| {
        let _ = writeln!(checks, "    if (!({condition})) {{ puts(\"{name}\"); failures++; }}");
    };
    check("WXCOUPON_VERSION", "strcmp(WXCOUPON_VERSION, wxcoupon_version()) == 0".to_owned());
    check("WXCOUPON_VERSION_NUMBER", format!("WXCOUPON_VERSION_NUMBER == {}", version_number()));
    for (name, number) in contract.numbers() {
        check(name, format!("{name} == {number}"));
        let said = match name {
            "WXCOUPON_ABI_VERSION" => format!("wxcoupon_abi_version() == {name}"),
            _ if name.starts_with("WXCOUPON_CLASS_") => {
                format!("wxcoupon_status_class({name} * 1000 + 1) == {name}")
            }
            _ if name.starts_with("WXCOUPON_LOG_") => format!("{name} >= 0 && {name} <= 4"),
            _ => format!("strcmp(wxcoupon_status_name({name}), \"{name}\") == 0"),
        };
        check(name, said);
    }
    assert!(checks.lines().count() > 40, "the header lost its macros:\n{checks}");
    let source = format!(
        "#include <stdio.h>\n#include <string.h>\n#include \"wxcoupon.h\"\n\n\
         int main(void)\n{{\n    int failures = 0;\n\n{checks}    return failures;\n}}\n"
    );
    let folder = scratch("macros");
    let (file, program) = (folder.join("macros.c"), folder.join("macros"));
    fs::write(&file, source).unwrap();
    compile(compiler("gcc", "c89"), &[&file], Some(&release().folder), &program).unwrap();
    run(&mut limited(60, &program)).unwrap();
}

fn version_number() -> i32 {
    let parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse::<i32>().unwrap());
    parts.fold(0, |number, part| number * 1000 + part)
}

#[test]
fn the_static_library_links_into_a_program() {
    if !have("gcc") {
        return;
    }
    let folder = scratch("static");
    let (file, program) = (folder.join("static.c"), folder.join("static"));
    let source = "#include \"wxcoupon.h\"\n\nint main(void)\n{\n    wxcoupon_buf *buf = wxcoupon_buf_new();\n    \
                  int32_t status = wxcoupon_ctx_new(\"{}\", (wxcoupon_ctx **)0, buf);\n\n    \
                  wxcoupon_buf_free(buf);\n    return status == WXCOUPON_E_NULL ? 0 : 1;\n}\n";
    fs::write(&file, source).unwrap();
    let mut gcc = compiler("gcc", "c99");
    gcc.arg("-DWXCOUPON_STATIC").arg(&file).args(["-x", "none"]).arg(release().archive());
    // What docs/callers.md tells C programmers to add.
    run(gcc.args(["-pthread", "-ldl", "-lm", "-o"]).arg(&program)).unwrap();
    run(&mut limited(60, &program)).unwrap();
    let needed = run(Command::new("readelf").args(["-d", "-W"]).arg(&program)).unwrap();
    assert!(!needed.contains("libwxcoupon"), "it was linked with the shared library:\n{needed}");
}

#[test]
fn a_build_that_would_end_the_host_on_a_panic_is_refused() {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args([
        "--edition",
        "2024",
        "--crate-type",
        "rlib",
        "--emit",
        "metadata",
        "-C",
        "panic=abort",
        "-o",
    ]);
    // It does not get as far as its dependencies, which are not there.
    rustc.arg(scratch("aborts").join("wxcoupon.rmeta")).arg(root().join("src/lib.rs"));
    let refused = run(&mut rustc).unwrap_err();
    assert!(refused.contains("build with panic = \"unwind\""), "{refused}");
}
