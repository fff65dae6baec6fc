//! C programs against the release build, with every compiler found, under the sanitizers and under valgrind.

use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::contract::Contract;
use testkit::library::{release, with_test_hooks};
use testkit::programs::{FPU, PROGRAMS, fixture_folder, run_all, source};
use testkit::toolchain::{COMPILERS, compile, compiler, have, have_optional};
use testkit::{assert_none, limited, root, run, scratch};

/// Those that speak TLS with the sandbox.
const OVER_TLS: &[&str] = &["threads", "redeem"];

#[test]
fn the_header_compiles_without_a_word_in_every_standard() {
    let folder = scratch("header");
    let including = folder.join("including.c");
    fs::write(&including, "#include \"wxcoupon.h\"\n#include \"wxcoupon.h\"\nint answer = WXCOUPON_OK;\n")
        .unwrap();
    let mut failures = Vec::new();
    let mut check = |mut compiler: Command| {
        failures.extend(run(compiler.arg("-fsyntax-only").arg(&including)).err());
    };
    for tool in COMPILERS.iter().filter(|tool| have(tool.command)) {
        for standard in tool.standards {
            check(compiler(tool.command, standard));
        }
    }
    // Without headers of those systems: ours needs <stdint.h> alone, which clang brings itself.
    if have("clang") {
        for (target, more) in [
            ("i686-pc-linux-gnu", "-DNOTHING"),
            ("i686-pc-windows-gnu", "-DNOTHING"),
            ("i686-pc-windows-gnu", "-DWXCOUPON_STATIC"),
            ("x86_64-pc-windows-msvc", "-fms-compatibility-version=19"),
            // Visual C++ 2008 has no <stdint.h>.
            ("i686-pc-windows-msvc", "-fms-compatibility-version=15"),
        ] {
            let mut elsewhere = compiler("clang", "c89");
            elsewhere.arg(format!("--target={target}")).args(["-ffreestanding", more]);
            check(elsewhere);
        }
    }
    for (tool, standard) in [("i686-w64-mingw32-gcc", "c89"), ("x86_64-w64-mingw32-gcc", "c17")] {
        if have_optional(tool) {
            check(compiler(tool, standard));
        }
    }
    assert_none(&failures);
}

#[test]
fn programs_pass_with_every_compiler() {
    let mut failures = Vec::new();
    for (tool, standard) in
        [("gcc", "c89"), ("gcc", "c17"), ("clang", "c11"), ("g++", "c++98"), ("g++", "c++17")]
    {
        if have(tool) {
            let folder = scratch(&format!("programs-{tool}-{standard}"));
            let compiler = || compiler(tool, standard);
            failures.extend(run_all(PROGRAMS, release(), &folder, compiler, |program| limited(120, program)));
        }
    }
    assert_none(&failures);
}

fn sanitizing() -> Command {
    let mut clang = compiler("clang", "c11");
    clang.args(["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]);
    clang.arg("-fno-sanitize-recover=all");
    clang
}

fn sanitized(program: &Path) -> Command {
    let mut command = limited(240, program);
    command.env("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1");
    command.env("UBSAN_OPTIONS", "print_stacktrace=1");
    command
}

#[test]
fn programs_pass_under_the_sanitizers() {
    if !have("clang") || !have("nm") {
        return;
    }
    let folder = scratch("programs-sanitized");
    assert_each_is_found(
        &folder,
        sanitizing,
        sanitized,
        &["overflow", "use-after-free", "undefined", "leak"],
    );
    assert_none(&run_all(PROGRAMS, release(), &folder, sanitizing, sanitized));
    for name in PROGRAMS {
        let symbols = run(Command::new("nm").arg(folder.join(name))).unwrap();
        assert!(symbols.contains("__asan_init"), "{name} was linked without the sanitizer");
        assert!(symbols.contains("__ubsan_"), "{name} was linked without the sanitizer");
    }
}

#[test]
fn programs_pass_under_valgrind() {
    if !have("valgrind") || !have("gcc") {
        return;
    }
    let debugging = || {
        let mut gcc = compiler("gcc", "c17");
        gcc.args(["-g", "-O0"]);
        gcc
    };
    let valgrind = |program: &Path| {
        let mut command = limited(600, "valgrind");
        command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
        command.args(["--errors-for-leak-kinds=definite,possible", "--show-leak-kinds=definite,possible"]);
        // Memcheck cannot follow the vector lanes of ring's hand-written SHA-2 and takes every key of a TLS
        // session for undefined. Addresses and leaks are watched all the same.
        if OVER_TLS.iter().any(|name| program.ends_with(name)) {
            command.arg("--undef-value-errors=no");
        }
        command.arg(program);
        command
    };
    let folder = scratch("programs-valgrind");
    assert_each_is_found(&folder, debugging, valgrind, &["overflow", "use-after-free", "leak"]);
    let names: Vec<&str> = PROGRAMS.iter().copied().filter(|name| *name != FPU).collect();
    assert_none(&run_all(&names, release(), &folder, debugging, valgrind));
}

/// A check that cannot fail proves nothing: each deliberate defect must be found.
fn assert_each_is_found(
    folder: &Path,
    compiler: impl Fn() -> Command,
    runner: impl Fn(&Path) -> Command,
    defects: &[&str],
) {
    let program = folder.join("defects");
    compile(compiler(), &[&source("defects")], None, &program).unwrap();
    run(&mut runner(&program)).unwrap();
    for defect in defects {
        assert!(run(runner(&program).arg(defect)).is_err(), "{defect} was not found");
    }
}

#[test]
fn a_panic_stays_inside() {
    if have("gcc") {
        let folder = scratch("programs-test-hooks");
        let compiler = || compiler("gcc", "c17");
        assert_none(&run_all(&["panic"], with_test_hooks(), &folder, compiler, |program| {
            limited(120, program)
        }));
    }
}

/// It stands in README.md and on the header's first page (`tests/c_boundary/header`).
#[test]
fn the_shortest_program_works() {
    if !have("gcc") {
        return;
    }
    let config = fs::read_to_string(fixture_folder().join("offline.json")).unwrap();
    let source = root().join("examples-c/00_shortest.c");
    let program = scratch("shortest").join("00_shortest");
    compile(compiler("gcc", "c89"), &[&source], Some(&release().folder), &program).unwrap();
    let refused = run(limited(60, &program).args([config.as_str(), "{}"])).unwrap_err();
    assert!(refused.contains("A member of the request is missing or wrong."), "{refused}");
    assert!(refused.contains("\"field\":\"/openid\""), "{refused}");
}

/// What they say of themselves: a function that is added must be tried, too.
#[test]
fn misuse_and_the_floating_point_state_are_tried_with_every_function() {
    let text = |program| fs::read_to_string(source(program)).unwrap();
    let (misuse, fpu) = (text("misuse"), text(FPU));
    for function in Contract::read().functions {
        let name = &function.name;
        assert!(fpu.contains(&format!("{name}(")), "fpu.c does not call {name}");
        // It calls some through pointers. What takes nothing cannot be misused.
        assert!(misuse.contains(name) || function.parameters.is_empty(), "misuse.c does not call {name}");
    }
}

#[test]
fn the_examples_work() {
    let folder = scratch("examples");
    let config = fixture_folder().join("sandbox.json");
    for (number, (tool, standard)) in
        [("gcc", "c89"), ("clang", "c17"), ("g++", "c++98")].into_iter().enumerate()
    {
        if !have(tool) {
            continue;
        }
        let example = |name: &str, arguments: &[&str]| {
            let (source, binary) =
                (root().join(format!("examples-c/{name}.c")), folder.join(format!("{name}-{tool}")));
            compile(compiler(tool, standard), &[&source], Some(&release().folder), &binary).unwrap();
            run(limited(60, &binary).arg(&config).args(arguments)).unwrap()
        };
        let cases: [(&str, &[&str], &[&str]); 3] = [
            (
                "01_redeem",
                &[&format!("AUTO_EXAMPLE_{number}")],
                &["EFFECTIVE", "USED", "WXCOUPON_OK", "WXCOUPON_E_COUPON_STATE"],
            ),
            ("02_quote", &["12800"], &["usable        true", "discount      2560", "payable       10240"]),
            (
                "02_quote",
                &["9000"],
                &["usable        false", "forbidden_by  threshold", "short_by      1000"],
            ),
        ];
        for (name, arguments, parts) in cases {
            let printed = example(name, arguments);
            for part in parts {
                assert!(printed.contains(part), "no {part} in:\n{printed}");
            }
        }
    }
}
