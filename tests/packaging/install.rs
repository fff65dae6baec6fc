//! `make install`: a project of somebody else is built against what it leaves, and `make uninstall` leaves nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::foreign::{Installed, assert_redeems, needs_library};
use testkit::library::release;
use testkit::toolchain::have;
use testkit::{root, run, scratch};

const TOOLS: &[&str] = &["make", "gcc", "g++", "cmake", "pkg-config", "readelf", "strip", "ldd"];

fn have_all() -> bool {
    TOOLS.iter().copied().all(have)
}

/// `make install` or `make uninstall` of the library under test, from the root of the file system.
fn make(target: &str, variables: &[String]) -> String {
    let mut make = Command::new("make");
    make.current_dir("/").arg("--silent").arg("-C").arg(root()).arg(target).args(variables);
    // Cargo may itself have been called by a make, which would hand its variables down.
    make.env_remove("MAKEFLAGS").env("LIBRARY_FOLDER", &release().folder);
    run(&mut make).unwrap()
}

fn variable(name: &str, folder: &Path) -> String {
    format!("{name}={}", folder.display())
}

fn installed(name: &str) -> Installed {
    let prefix = scratch(name).join("prefix");
    make("install", &[variable("PREFIX", &prefix)]);
    Installed::at(&prefix)
}

/// Files and links below the folder with their modes and contents.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            if about.is_dir() {
                open.push(path);
                continue;
            }
            let content = if about.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            found.insert(
                path.strip_prefix(folder).unwrap().to_owned(),
                (about.permissions().mode() & 0o7777, content),
            );
        }
    }
    found
}

#[test]
fn programs_are_built_against_it_and_again_when_it_was_moved() {
    if !have_all() {
        return;
    }
    let here = installed("install-here");
    let out = scratch("install-here-out");
    here.assert_pkg_config_works(&out);
    here.assert_cmake_works(&out, "1");

    let moved = scratch("install-moved").join("elsewhere");
    fs::rename(&here.prefix, &moved).unwrap();
    let (moved, out) = (Installed::at(&moved), scratch("install-moved-out"));
    moved.assert_pkg_config_works(&out);
    moved.assert_cmake_works(&out, "0.1;COMPONENTS;shared;static");
}

/// As Debian lays its libraries out; and what a packager moves to its place later.
#[test]
fn folders_may_be_chosen_and_a_packager_has_a_root_of_his_own() {
    if !have_all() {
        return;
    }
    let stage = scratch("install-stage");
    let prefix = scratch("install-never").join("usr");
    let libraries = prefix.join("lib/x86_64-linux-gnu");
    let variables = [
        variable("PREFIX", &prefix),
        variable("LIBDIR", &libraries),
        variable("INCLUDEDIR", &prefix.join("include/wx")),
        variable("DESTDIR", &stage),
    ];
    make("install", &variables);
    assert!(!prefix.exists(), "with DESTDIR nothing goes to PREFIX");
    let below = |folder: &Path| stage.join(folder.strip_prefix("/").unwrap());
    for name in ["wxcoupon.pc", "wxcoupon-static.pc"] {
        let text = fs::read_to_string(below(&libraries).join("pkgconfig").join(name)).unwrap();
        assert!(!text.contains(stage.to_str().unwrap()), "{text}");
    }
    let staged = Installed { prefix: below(&prefix), libraries: below(&libraries) };
    let out = scratch("install-stage-out");
    staged.assert_pkg_config_works(&out);
    staged.assert_cmake_works(&out, "0.1.0");
    make("uninstall", &variables);
    assert!(tree(&stage).is_empty(), "{:?}", tree(&stage).keys());
}

#[test]
fn uninstall_leaves_nothing_of_ours_and_all_that_is_others() {
    if !have_all() {
        return;
    }
    let prefix = scratch("install-shared-prefix").join("a prefix");
    for file in ["lib/libz.so", "lib/pkgconfig/z.pc", "lib/cmake/z/zConfig.cmake", "include/z.h"] {
        let file = prefix.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "somebody else's").unwrap();
    }
    let before = tree(&prefix);
    make("install", &[variable("PREFIX", &prefix)]);
    let first = tree(&prefix);
    let names: Vec<&str> =
        first.keys().filter(|path| !before.contains_key(*path)).map(|path| path.to_str().unwrap()).collect();
    let real = concat!("lib/libwxcoupon.so.1.", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        names,
        [
            "include/wxcoupon.h",
            "include/wxcoupon.hpp",
            "lib/cmake/wxcoupon/wxcouponConfig.cmake",
            "lib/cmake/wxcoupon/wxcouponConfigVersion.cmake",
            "lib/libwxcoupon.a",
            "lib/libwxcoupon.so",
            "lib/libwxcoupon.so.1",
            real,
            "lib/pkgconfig/wxcoupon-static.pc",
            "lib/pkgconfig/wxcoupon.pc",
            "share/doc/wxcoupon/LICENSE-APACHE",
            "share/doc/wxcoupon/LICENSE-MIT",
        ]
    );
    let modes = |path: &str| first.get(Path::new(path)).unwrap().0;
    assert_eq!((modes(real), modes("include/wxcoupon.h"), modes("lib/libwxcoupon.a")), (0o755, 0o644, 0o644));

    // Another release of the ABI gives way, or ldconfig would turn the link back to it.
    fs::write(prefix.join("lib/libwxcoupon.so.1.9.0.0"), "a later release").unwrap();
    make("install", &[variable("PREFIX", &prefix)]);
    assert!(tree(&prefix) == first, "a second time changes nothing");

    make("uninstall", &[variable("PREFIX", &prefix)]);
    assert!(tree(&prefix) == before, "{:?}", tree(&prefix).keys());
    for folder in ["lib/cmake/wxcoupon", "share/doc/wxcoupon"] {
        assert!(!prefix.join(folder).exists(), "{folder}");
    }
    assert!(prefix.join("include").exists());
}

#[test]
fn one_of_the_two_libraries_is_enough() {
    if !have_all() {
        return;
    }
    let (only, out) = (installed("install-one"), scratch("install-one-out"));
    let static_library = fs::read(only.libraries.join("libwxcoupon.a")).unwrap();
    fs::remove_file(only.libraries.join("libwxcoupon.a")).unwrap();
    let build = out.join("shared");
    run(&mut only.cmake(&build, "1;COMPONENTS;shared", "wxcoupon")).unwrap();
    run(Command::new("cmake").arg("--build").arg(&build)).unwrap();
    assert!(needs_library(&build.join("wxcoupon_c")));
    assert_redeems(&mut Command::new(build.join("wxcoupon_c")));
    let said = run(&mut only.cmake(&out.join("no-static"), "1;COMPONENTS;static", "static")).unwrap_err();
    assert!(said.contains("There is no static library in"), "{said}");

    fs::write(only.libraries.join("libwxcoupon.a"), static_library).unwrap();
    for name in ["libwxcoupon.so", "libwxcoupon.so.1"] {
        fs::remove_file(only.libraries.join(name)).unwrap();
    }
    let build = out.join("static");
    run(&mut only.cmake(&build, "1", "wxcoupon;static")).unwrap();
    run(Command::new("cmake").arg("--build").arg(&build)).unwrap();
    for name in ["wxcoupon_c", "static_cpp"] {
        assert!(!needs_library(&build.join(name)), "{name}");
        assert_redeems(&mut Command::new(build.join(name)));
    }
    let program = out.join("redeem");
    let script = r#"cc redeem.c $(pkg-config --static --cflags --libs wxcoupon) -o "$0""#;
    run(only.shell(script).arg(&program)).unwrap();
    assert!(!needs_library(&program));
    assert_redeems(&mut Command::new(program));

    fs::remove_file(only.libraries.join("libwxcoupon.a")).unwrap();
    let said = run(&mut only.cmake(&out.join("neither"), "1", "wxcoupon")).unwrap_err();
    assert!(said.contains("There is neither"), "{said}");
}

/// A number without a dot is the ABI's, a version with dots a release's.
#[test]
fn cmake_finds_what_fits_and_nothing_else() {
    if !have_all() {
        return;
    }
    let (found, out) = (installed("install-versions"), scratch("install-versions-out"));
    let (major_minor, _) = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap();
    let exact = concat!(env!("CARGO_PKG_VERSION"), ";EXACT");
    let range = format!("{major_minor}...<9.9");
    let fit = ["", "1", "1;EXACT", "1...2", major_minor, exact, &range];
    let unfit = ["0", "2", "2;EXACT", "2...3", "0...<1", "0.0.9", "0.0.1...<0.1.0", "99.0", "99.0...99.9"];
    let build = out.join("build");
    for (wanted, fits) in
        fit.map(|wanted| (wanted, true)).into_iter().chain(unfit.map(|wanted| (wanted, false)))
    {
        let said = run(&mut found.cmake(&build, wanted, "wxcoupon"));
        assert_eq!(said.is_ok(), fits, "{wanted}: {said:?}");
        if let Err(said) = said {
            assert!(said.contains("(ABI 1, 8-byte pointers)"), "{wanted}: {said}");
        }
    }
}

#[test]
fn the_static_library_asks_for_what_rustc_says() {
    if !have_all() {
        return;
    }
    let (found, out) = (installed("install-native"), scratch("install-native-out"));
    fs::write(out.join("empty.rs"), "").unwrap();
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&out).args(["--crate-type", "staticlib", "--print", "native-static-libs", "empty.rs"]);
    let said = run(&mut rustc).unwrap();
    let (_, said) = said.split_once("native-static-libs: ").unwrap();
    let (native, _) = said.split_once('\n').unwrap();
    let text = |name: &str| fs::read_to_string(found.libraries.join("pkgconfig").join(name)).unwrap();
    assert!(text("wxcoupon.pc").contains(&format!("\nLibs.private: {native}\n")));
    assert!(text("wxcoupon-static.pc").ends_with(&format!("/libwxcoupon.a {native}\n")));
    let version = run(&mut found.shell("pkg-config --modversion wxcoupon wxcoupon-static")).unwrap();
    assert!(version.lines().all(|line| line == env!("CARGO_PKG_VERSION")), "{version}");
}

/// A cargo that writes down how it was called stands in for the one that builds.
#[test]
fn it_builds_what_is_not_built_and_nothing_twice() {
    if !have_all() {
        return;
    }
    let folder = scratch("install-cargo");
    let (target, prefix) = (folder.join("target"), folder.join("prefix"));
    fs::create_dir(folder.join("bin")).unwrap();
    let cargo = folder.join("bin/cargo");
    let script = "#!/bin/sh\nset -eu\necho \"$*\" >>\"$CALLS\"\nmkdir -p \"$CARGO_TARGET_DIR/release\"\n\
                  cp \"$BUILT\"/libwxcoupon.* \"$CARGO_TARGET_DIR/release\"\n";
    fs::write(&cargo, script).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let install = || {
        let mut install = Command::new(root().join("tools/dist/install.sh"));
        install.env("PATH", &path).env("CALLS", folder.join("calls")).env("BUILT", &release().folder);
        run(install.env("CARGO_TARGET_DIR", &target).env("PREFIX", &prefix).env_remove("LIBRARY_FOLDER"))
            .unwrap();
        fs::read_to_string(folder.join("calls")).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let build = "build --release --locked --package wxcoupon";
    assert_eq!(install(), [build]);
    assert_eq!(install(), [build], "a library newer than its sources is taken as it is");
    // In 1970, before any of the sources.
    run(Command::new("touch").args(["-d", "@0"]).arg(target.join("release/libwxcoupon.so"))).unwrap();
    assert_eq!(install(), [build, build]);
    assert_eq!(
        fs::read(prefix.join("lib/libwxcoupon.so")).unwrap().len(),
        fs::read(release().shared()).unwrap().len()
    );
}
