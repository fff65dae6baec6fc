//! The libraries for Linux as they ship: asking for glibc 2.17 on this machine, on 64-bit ARM in qemu, and with
//! musl in programs that are all static.

use std::process::Command;
use testkit::library::Library;
use testkit::pages::block;
use testkit::programs::{FPU, PROGRAMS, UNLOAD, run_all, source};
use testkit::toolchain::{STRICT, compile, compiler, have};
use testkit::{assert_none, limited, platform, root, run, scratch};

/// A till that is killed, and its journal.
const JOURNAL: &str = "journal";

fn shipped(platform: &str) -> Library {
    Library { folder: platform::library(platform) }
}

/// Zig as the tests' other compilers are called.
fn zig(target: &str) -> Command {
    let mut zig = platform::zig(target);
    zig.arg("-std=c11").args(STRICT).arg("-I").arg(root().join("include")).args(["-x", "c"]);
    zig
}

/// The tests' programs but some.
fn programs_without(left_out: &[&str]) -> Vec<&'static str> {
    PROGRAMS.iter().copied().filter(|name| !left_out.contains(name)).chain([JOURNAL]).collect()
}

/// All other programs run against this library in `c_boundary`, with every compiler.
#[test]
fn a_till_that_is_killed_settles() {
    if have("gcc") {
        let (folder, library) = (scratch("linux-x86_64"), shipped("linux-x86_64"));
        let compiler = || compiler("gcc", "c17");
        assert_none(&run_all(&[JOURNAL], &library, &folder, compiler, |program| limited(120, program)));
    }
}

/// ARM has no floating-point traps that qemu could emulate.
#[test]
fn programs_pass_on_arm() {
    if have("qemu-aarch64-static") && platform::can_be_built("linux-aarch64") {
        let folder = scratch("linux-aarch64");
        let library = shipped("linux-aarch64");
        let compiler = || zig("aarch64-linux-gnu.2.17");
        assert_none(&run_all(&programs_without(&[FPU]), &library, &folder, compiler, platform::on_arm));
    }
}

/// A static program cannot load a library, and musl has no functions for floating-point traps.
#[test]
fn programs_that_are_all_static_pass_with_musl() {
    if have("readelf") && platform::can_be_built("linux-x86_64-musl") {
        let folder = scratch("linux-x86_64-musl");
        let library = shipped("linux-x86_64-musl");
        let names = programs_without(&[FPU, UNLOAD]);
        let compiler = || {
            let mut zig = zig("x86_64-linux-musl");
            zig.args(["-static", "-lunwind"]);
            zig
        };
        assert_none(&run_all(&names, &library, &folder, compiler, |program| limited(120, program)));
        for name in names {
            let headers =
                run(Command::new("readelf").args(["--program-headers"]).arg(folder.join(name))).unwrap();
            assert!(!headers.contains("INTERP"), "{name} asks for a dynamic linker");
        }
    }
}

/// The line of docs/platforms.md, in a folder like that of the archive.
#[test]
fn the_line_that_links_all_statically_works() {
    if !have("python3") || !platform::can_be_built("linux-x86_64-musl") {
        return;
    }
    let folder = scratch("page-musl");
    std::fs::create_dir(folder.join("lib")).unwrap();
    std::fs::copy(shipped("linux-x86_64-musl").archive(), folder.join("lib/libwxcoupon.a")).unwrap();
    std::fs::copy(root().join("examples-c/00_shortest.c"), folder.join("till.c")).unwrap();
    let line = block("docs/platforms.md", "zig cc -target x86_64-linux-musl");
    let zig = platform::zig("x86_64-linux-musl");
    let mut shell = Command::new("sh");
    let line = line.replace("-I include", &format!("-I {}/include", root().display()));
    shell
        .args(["-euc", &line.replace("zig cc", "\"$ZIG\" cc")])
        .current_dir(&folder)
        .env("ZIG", zig.get_program());
    shell.envs(zig.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(&mut shell).unwrap();
    let refused = run(limited(60, folder.join("till")).args(["{}", "{}"])).unwrap_err();
    assert!(refused.contains("WXCOUPON_E_CONFIG"), "{refused}");
}

#[test]
fn no_symbol_is_newer_than_glibc_2_17() {
    if !have("readelf") {
        return;
    }
    for platform in ["linux-x86_64", "linux-aarch64"] {
        if !platform::can_be_built(platform) {
            continue;
        }
        let mut readelf = Command::new("readelf");
        readelf.args(["--wide", "--version-info", "--dynamic"]).arg(shipped(platform).shared());
        let said = run(&mut readelf).unwrap();
        let versions: Vec<(u32, u32)> = said
            .split("GLIBC_")
            .skip(1)
            .map(|rest| {
                let mut numbers =
                    rest.split(|letter: char| !letter.is_ascii_digit()).map_while(|part| part.parse().ok());
                (numbers.next().unwrap(), numbers.next().unwrap_or(0))
            })
            .collect();
        assert_eq!(versions.iter().max(), Some(&(2, 17)), "{platform}");
        // The unwinder is inside: a till need not have libgcc_s.
        let needed = said.lines().filter(|line| line.contains("(NEEDED)"));
        for line in needed {
            let of_glibc = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux"];
            assert!(of_glibc.iter().any(|name| line.contains(name)), "{platform}: {line}");
        }
    }
}

/// A C++ program has an unwinder of its own: its runtime's.
#[test]
fn a_panic_stays_inside_and_the_hosts_exceptions_are_not_disturbed() {
    if !have("g++") || !platform::can_be_built("linux-x86_64") {
        return;
    }
    let folder = scratch("linux-unwinding");
    let library = shipped("linux-x86_64-test-hooks");
    assert_none(&run_all(
        &["panic"],
        &library,
        &folder,
        || compiler("gcc", "c17"),
        |program| limited(60, program),
    ));
    let (host, check) = (root().join("tests/cpp/exceptions.cpp"), source("check"));
    for (name, linked) in [("shared", library.folder.clone()), ("static", library.archive())] {
        let (program, mut gxx) = (folder.join(name), compiler("g++", "c++17"));
        gxx.arg("-I").arg(root().join("tests/c"));
        compile(gxx, &[&host, &check], Some(&linked), &program).unwrap();
        // The arguments that check.h asks for; this program needs none of them.
        run(limited(60, &program).args(["-"; 4])).unwrap();
    }
}
