//! The binary interface of the release build: what it exports, how it is named, what it needs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use testkit::library::{cargo, release};
use testkit::toolchain::{compile, compiler, have};
use testkit::{limited, root, run, scratch};

fn header() -> String {
    fs::read_to_string(root().join("include/wxcoupon.h")).unwrap()
}

/// Names and values of the header's macros that stand for something.
fn macros(header: &str) -> Vec<(&str, &str)> {
    let defines = header.lines().filter_map(|line| line.strip_prefix("#define "));
    let pairs = defines.filter_map(|define| define.split_once(' '));
    let pairs = pairs.map(|(name, value)| (name, value.trim()));
    pairs.filter(|(name, _)| !matches!(*name, "WXCOUPON_API" | "WXCOUPON_CALL")).collect()
}

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
fn exports_are_the_golden_list_and_nothing_else() {
    if !have("nm") {
        return;
    }
    let found = exports().into_iter().fold(String::new(), |list, name| list + &name + "\n");
    let expected = fs::read_to_string(root().join("tests/golden/symbols.txt")).unwrap();
    assert_eq!(
        found, expected,
        "a new symbol is written into tests/golden/symbols.txt by hand; one that went breaks programs"
    );
    assert!(exports().iter().all(|name| name.starts_with("wxcoupon_")));
}

#[test]
fn the_header_declares_exactly_what_is_exported() {
    if !have("nm") {
        return;
    }
    let header = header();
    let declarations = header.lines().filter(|line| line.starts_with("WXCOUPON_API "));
    let declared: BTreeSet<String> = declarations
        .filter_map(|line| line.split('(').next()?.rsplit(' ').next().map(str::to_owned))
        .collect();
    assert_eq!(declared, exports());
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
    let header = header();
    let mut checks = String::new();
    for (name, value) in macros(&header) {
        let condition = match name {
            "WXCOUPON_VERSION" => "strcmp(WXCOUPON_VERSION, wxcoupon_version()) == 0".to_owned(),
            "WXCOUPON_ABI_VERSION" => "wxcoupon_abi_version() == WXCOUPON_ABI_VERSION".to_owned(),
            "WXCOUPON_VERSION_NUMBER" => format!("{value} == {}", version_number()),
            _ if name.starts_with("WXCOUPON_CLASS_") => {
                format!("wxcoupon_status_class({name} * 1000 + 1) == {name}")
            }
            _ if name.starts_with("WXCOUPON_LOG_") => format!("{name} >= 0 && {name} <= 4"),
            _ => format!("strcmp(wxcoupon_status_name({name}), \"{name}\") == 0"),
        };
        let _ = writeln!(checks, "    if (!({condition})) {{ puts(\"{name}\"); failures++; }}");
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
    // What the README tells C programmers to add.
    run(gcc.args(["-pthread", "-ldl", "-lm", "-o"]).arg(&program)).unwrap();
    run(&mut limited(60, &program)).unwrap();
    let needed = run(Command::new("readelf").args(["-d", "-W"]).arg(&program)).unwrap();
    assert!(!needed.contains("libwxcoupon"), "it was linked with the shared library:\n{needed}");
}

#[test]
fn a_build_that_would_end_the_host_on_a_panic_is_refused() {
    let mut build = cargo("rustc");
    build.args(["--package", "wxcoupon", "--lib", "--crate-type", "rlib", "--", "-C", "panic=abort"]);
    let refused = run(&mut build).unwrap_err();
    assert!(refused.contains("build with panic = \"unwind\""), "{refused}");
}
