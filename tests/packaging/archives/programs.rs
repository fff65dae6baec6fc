//! Programs that are built from an unpacked archive alone.

use super::{text, unpacked};
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::foreign::{self, Installed};
use testkit::sandbox::sandbox;
use testkit::toolchain::{compile, have};
use testkit::{limited, platform, root, run, scratch};

/// Of C and its standard nothing but what the archive's headers ask for.
fn strict(mut compiler: Command, folder: &Path) -> Command {
    compiler.args(["-std=c89", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"]).arg(folder.join("include"));
    compiler
}

/// The example redeems a coupon, and finds that it cannot be redeemed by another number.
fn assert_redeems(program: &mut Command, code: &str) {
    let printed = run(program.arg(&sandbox().config).arg(code)).unwrap();
    assert!(printed.contains("WXCOUPON_E_COUPON_STATE"), "{printed}");
    assert!(printed.contains("优惠券已被使用"), "{printed}");
}

#[test]
fn a_c_program_is_built_from_it_alone_and_redeems() {
    let Some(folder) = unpacked("linux-x86_64") else { return };
    if !have("gcc") {
        return;
    }
    let (out, source) = (scratch("dist-c"), folder.join("examples-c/01_redeem.c"));
    let (shared, fixed) = (out.join("shared"), out.join("static"));
    let gcc = || strict(Command::new("gcc"), folder);
    compile(gcc(), &[&source], Some(&folder.join("lib")), &shared).unwrap();
    let mut linking = gcc();
    linking.arg("-DWXCOUPON_STATIC").arg(&source).arg(folder.join("lib/libwxcoupon.a"));
    run(linking.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&fixed)).unwrap();
    assert_redeems(&mut limited(60, &shared), "AUTO_DIST_SHARED");
    assert_redeems(&mut limited(60, &fixed), "AUTO_DIST_STATIC");
}

#[test]
fn a_c_program_for_arm_redeems() {
    let Some(folder) = unpacked("linux-aarch64") else { return };
    if !have("qemu-aarch64-static") {
        return;
    }
    let (out, source) = (scratch("dist-arm"), folder.join("examples-c/01_redeem.c"));
    let (shared, fixed) = (out.join("shared"), out.join("static"));
    let zig = || strict(platform::zig("aarch64-linux-gnu.2.17"), folder);
    compile(zig(), &[&source], Some(&folder.join("lib")), &shared).unwrap();
    let mut linking = zig();
    linking.arg("-DWXCOUPON_STATIC").arg(&source).arg(folder.join("lib/libwxcoupon.a"));
    run(linking.args(["-lunwind", "-lpthread", "-ldl", "-lm", "-o"]).arg(&fixed)).unwrap();
    assert_redeems(&mut platform::on_arm(&shared), "AUTO_DIST_ARM_SHARED");
    assert_redeems(&mut platform::on_arm(&fixed), "AUTO_DIST_ARM_STATIC");
}

#[test]
fn a_c_program_with_musl_is_all_static_and_redeems() {
    let Some(folder) = unpacked("linux-x86_64-musl") else { return };
    let program = scratch("dist-musl").join("redeem");
    let mut zig = strict(platform::zig("x86_64-linux-musl"), folder);
    zig.args(["-static", "-DWXCOUPON_STATIC"]).arg(folder.join("examples-c/01_redeem.c"));
    run(zig.arg(folder.join("lib/libwxcoupon.a")).args(["-lunwind", "-o"]).arg(&program)).unwrap();
    assert_redeems(&mut limited(60, &program), "AUTO_DIST_MUSL");
}

#[test]
fn c_programs_for_windows_redeem() {
    for (platform, gcc) in
        [("windows-x86_64", "x86_64-w64-mingw32-gcc"), ("windows-x86", "i686-w64-mingw32-gcc")]
    {
        let Some(folder) = unpacked(platform) else { continue };
        if !have(gcc) {
            continue;
        }
        // The library beside the program, as a till is installed.
        let out = scratch(&format!("dist-{platform}"));
        fs::copy(folder.join("bin/wxcoupon.dll"), out.join("wxcoupon.dll")).unwrap();
        for (import, code) in [("libwxcoupon.dll.a", "GNU"), ("wxcoupon.lib", "MS")] {
            let program = out.join(format!("{code}.exe"));
            let mut linking = strict(Command::new(gcc), folder);
            linking.arg(folder.join("examples-c/01_redeem.c")).arg(folder.join("lib").join(import));
            run(linking.arg("-o").arg(&program)).unwrap();
            let mut wine = limited(600, root().join("tools/fetch/wine.sh"));
            assert_redeems(wine.arg(platform).arg(&program), &format!("AUTO_{code}_{}", platform.len()));
        }
    }
}

/// Unpacked anywhere, it is found where `PKG_CONFIG_PATH` and `CMAKE_PREFIX_PATH` point.
#[test]
fn pkg_config_and_cmake_find_it() {
    let Some(folder) = unpacked("linux-x86_64") else { return };
    if !["gcc", "g++", "cmake", "pkg-config", "readelf", "ldd"].into_iter().all(have) {
        return;
    }
    let (archive, out) = (Installed::at(folder), scratch("dist-foreign"));
    archive.assert_pkg_config_works(&out);
    archive.assert_cmake_works(&out, "1");
}

/// For MinGW, from a machine that is not Windows.
#[test]
fn cmake_finds_it_for_windows() {
    let Some(folder) = unpacked("windows-x86_64") else { return };
    if !["cmake", "x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-g++"].into_iter().all(have) {
        return;
    }
    let build = scratch("dist-cmake-windows");
    let mut cmake = Installed::at(folder).cmake(&build, "1;COMPONENTS;shared", "wxcoupon");
    cmake.args(["-DCMAKE_SYSTEM_NAME=Windows", "-DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc"]);
    run(cmake.arg("-DCMAKE_CXX_COMPILER=x86_64-w64-mingw32-g++")).unwrap();
    run(Command::new("cmake").arg("--build").arg(&build).args(["--target", "wxcoupon_c"])).unwrap();
    fs::copy(folder.join("bin/wxcoupon.dll"), build.join("wxcoupon.dll")).unwrap();
    let mut wine = limited(600, root().join("tools/fetch/wine.sh"));
    foreign::assert_redeems(wine.arg("windows-x86_64").arg(build.join("wxcoupon_c.exe")));
}

#[test]
fn the_python_package_redeems_with_its_library() {
    let Some(folder) = unpacked("linux-x86_64") else { return };
    if !have("python3") {
        return;
    }
    let program = "import sys, wxcoupon\n\
        sale = dict(openid='oSandboxUser0000000000000001', coupon_code='AUTO_DIST_PACKAGE',\n\
        \x20   product_coupon_id='1000000013', stock_id='1000000013001', out_request_no='DIST_PACKAGE_1',\n\
        \x20   associated_order_info=dict(transaction_id='4200002812202508031234567890'))\n\
        with wxcoupon.Context.from_file(sys.argv[1]) as till:\n\
        \x20   print(wxcoupon.__file__, till.use(sale)['data']['coupon_state'])\n";
    let mut python = limited(60, "python3");
    python.args(["-c", program]).arg(&sandbox().config).env("PYTHONDONTWRITEBYTECODE", "1");
    python.env("PYTHONPATH", folder.join("bindings/python"));
    let printed = run(python.env("WXCOUPON_LIBRARY", folder.join("lib/libwxcoupon.so.1"))).unwrap();
    let package = folder.join("bindings/python/wxcoupon/__init__.py");
    assert_eq!(printed.trim(), format!("{} USED", package.display()));
}

#[test]
fn the_python_without_a_binding_redeems() {
    let Some(folder) = unpacked("linux-x86_64") else { return };
    if !have("python3") {
        return;
    }
    let callers = text(folder, "docs/callers.md");
    let (_, rest) = callers.split_once("```python\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let readme = text(folder, "README.md");
    let (_, rest) = readme.split_once("```json\n").unwrap();
    let (request, _) = rest.split_once("```").unwrap();
    let request = request.replace("SBX_EFFECTIVE_1", "AUTO_DIST_PYTHON");
    let program = format!(
        "import ctypes, json, sys\nconfig, request = open(sys.argv[1]).read(), sys.argv[2]\n{example}\
         print(status, answer['name'], answer['data']['coupon_state'])\n"
    );
    let file = scratch("dist-python").join("redeem.py");
    fs::write(&file, program).unwrap();
    let mut python = limited(60, "python3");
    python.arg(&file).arg(&sandbox().config).arg(request).env("LD_LIBRARY_PATH", folder.join("lib"));
    assert_eq!(run(&mut python).unwrap().trim(), "0 WXCOUPON_OK USED");
}

/// It needs no more than the library: the oldest glibc, no other library, the same Windows.
#[test]
fn the_command_runs_from_each_archive() {
    for platform in ["linux-x86_64", "linux-x86_64-musl", "linux-aarch64", "windows-x86_64", "windows-x86"] {
        let Some(folder) = unpacked(platform) else { continue };
        let program =
            folder.join(if platform.starts_with("windows") { "bin/wxcoupon.exe" } else { "bin/wxcoupon" });
        let mut command = match platform {
            "linux-aarch64" if have("qemu-aarch64-static") => platform::on_arm(&program),
            "linux-aarch64" => continue,
            _ if platform.starts_with("windows") => {
                let mut wine = limited(600, root().join("tools/fetch/wine.sh"));
                wine.arg(platform).arg(&program);
                wine
            }
            _ => limited(60, &program),
        };
        command.args(["--lang", "zh", "check", "--online", "--config"]).arg(&sandbox().config);
        // The sandbox's configuration names no file for the journal, which the check points out.
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("验签通过") && told.contains("1 项要处理"), "{platform}: {told} {output:?}");
        assert_eq!(output.status.code(), Some(2), "{platform}");
    }
    if let Some(folder) = unpacked("linux-x86_64") {
        let versions =
            run(Command::new("readelf").arg("--version-info").arg(folder.join("bin/wxcoupon"))).unwrap();
        let newest = versions.split("Name: GLIBC_2.").skip(1).filter_map(|rest| {
            let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
            minor.parse::<u32>().ok()
        });
        assert!(newest.max().unwrap() <= 17, "{versions}");
    }
}
