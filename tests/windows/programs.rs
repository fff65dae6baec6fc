//! C programs under Wine: those of tests/c, and those for what only Windows has.

use crate::platform::{Platform, link, on_drive_z, source};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::programs::{PROGRAMS, UNLOAD};
use testkit::sandbox::sandbox;
use testkit::{assert_none, fixtures, root, run};

on_both! {
    programs_pass_in_c89_and_in_cpp98
    every_door_is_stdcall_and_leaves_the_stack_as_it_was
    a_panic_stays_inside_beside_another_unwinder_too
}

/// A folder with programs, the library and what the programs are called with.
struct Bench<'a> {
    platform: &'a Platform,
    library: PathBuf,
    folder: PathBuf,
    fixtures: PathBuf,
}

impl<'a> Bench<'a> {
    fn new(platform: &'a Platform, name: &str, library: PathBuf) -> Bench<'a> {
        let folder = platform.folder(name, &library);
        let fixtures = folder.join("fixtures");
        fs::create_dir(&fixtures).unwrap();
        fixtures::make_in(&fixtures, &sandbox().config);
        Bench { platform, library, folder, fixtures }
    }

    /// Compiles a program of tests/c or tests/windows/c and answers what it is called with, as check.h says.
    fn program(&self, name: &str, mut compiler: Command, more: &[&str]) -> Command {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let own = source(&format!("windows/c/{name}.c"));
        let mut sources = vec![if own.exists() { own } else { source(&format!("c/{name}.c")) }];
        sources.extend(more.iter().map(|name| source(&format!("windows/c/{name}.c"))));
        sources.push(source("c/check.c"));
        let mut libraries = Vec::new();
        if name == UNLOAD {
            compiler.arg("-DCHECK_WITHOUT_LIBRARY");
        } else {
            // One compiler takes the import library of MinGW, the other that of Visual C++.
            let import =
                if format!("{compiler:?}").contains("g++") { "wxcoupon.lib" } else { "libwxcoupon.dll.a" };
            libraries.push(self.library.join(import));
        }
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let program = self.folder.join(format!("{name}{run}.exe"));
        link(compiler, &sources, &libraries, &program);
        let mut command = self.platform.wine(&program);
        command.current_dir(&self.folder).arg(on_drive_z(&self.fixtures));
        command.arg(on_drive_z(&self.fixtures.join("sandbox.json")));
        command.arg(format!("w{}r{run}", std::process::id()));
        command.arg(on_drive_z(&self.folder.join("wxcoupon.dll")));
        command
    }
}

fn programs_pass_in_c89_and_in_cpp98(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let bench = Bench::new(platform, "programs", platform.library());
    let mut failures = Vec::new();
    for (standard, names) in [("c89", PROGRAMS), ("c++98", &["text", "host", "redeem"])] {
        for name in names {
            failures.extend(run(&mut bench.program(name, platform.compiler(standard), &[])).err());
        }
    }
    assert_none(&failures);
}

fn every_door_is_stdcall_and_leaves_the_stack_as_it_was(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let doors = fs::read_to_string(source("windows/c/doors.c")).unwrap();
    for name in fs::read_to_string(root().join("tests/golden/symbols.txt")).unwrap().lines() {
        let called = ["THROUGH", "STATUS"].iter().any(|by| doors.contains(&format!("{by}({name}, ")));
        assert!(called, "doors.c does not call {name}_std");
    }
    let bench = Bench::new(platform, "doors", platform.library());
    run(&mut bench.program("doors", platform.compiler("c89"), &[])).unwrap();
}

fn a_panic_stays_inside_beside_another_unwinder_too(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let bench = Bench::new(platform, "panic", platform.with_test_hooks());
    run(&mut bench.program("panic", platform.compiler("c89"), &[])).unwrap();

    let plugin = bench.folder.join("plugin.dll");
    let mut compiler = platform.compiler("c++98");
    compiler.arg(source("windows/c/unwinder.cpp")).args(["-shared", "-shared-libgcc", "-o"]).arg(&plugin);
    run(&mut compiler).unwrap();
    for dll in [platform.unwinder, "libstdc++-6.dll", "libwinpthread-1.dll"] {
        let found =
            run(Command::new(platform.tool("g++-posix")).arg(format!("-print-file-name={dll}"))).unwrap();
        fs::copy(found.trim(), bench.folder.join(dll)).unwrap();
    }
    run(&mut bench.program("unwinders", platform.compiler("c89"), &[])).unwrap();
}

/// Old compilers for 32-bit Windows keep the stack at multiples of four.
#[test]
fn any_stack_of_a_32_bit_host_will_do() {
    let platform = &crate::platform::X86;
    if !platform.is_there() {
        return;
    }
    let bench = Bench::new(platform, "stack", platform.library());
    let mut failures = Vec::new();
    for name in ["redeem", "quote", "log"] {
        let mut compiler = platform.compiler("c89");
        compiler.args(["-mpreferred-stack-boundary=2", "-Dmain=program_main"]);
        failures.extend(run(&mut bench.program(name, compiler, &["stack"])).err());
    }
    assert_none(&failures);
}
