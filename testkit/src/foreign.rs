//! Somebody else's project, `tests/install`, built against an installed library.

use super::sandbox::sandbox;
use super::{limited, root, run};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a library was installed or unpacked.
pub struct Installed {
    /// With `include` below it, and a library folder.
    pub prefix: PathBuf,
    /// The library folder.
    pub libraries: PathBuf,
}

impl Installed {
    /// The usual layout.
    pub fn at(prefix: &Path) -> Self {
        Self { prefix: prefix.to_owned(), libraries: prefix.join("lib") }
    }

    /// What a shell makes of a call of pkg-config, and no package but ours is known.
    pub fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-euc", script]).current_dir(root().join("tests/install"));
        shell.env("PKG_CONFIG_LIBDIR", self.libraries.join("pkgconfig")).env_remove("PKG_CONFIG_PATH");
        shell
    }

    /// A `CMake` call that configures the project.
    pub fn cmake(&self, build: &Path, wanted: &str, libraries: &str) -> Command {
        let mut cmake = Command::new("cmake");
        cmake.arg("-S").arg(root().join("tests/install")).arg("-B").arg(build);
        cmake.arg(format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display()));
        cmake.args([format!("-DWANTED={wanted}"), format!("-DLIBRARIES={libraries}")]);
        cmake
    }

    /// Builds all programs by pkg-config, shared and static, and runs them.
    pub fn assert_pkg_config_works(&self, out: &Path) {
        for (compiler, source) in [("cc -std=c99", "redeem.c"), ("c++ -std=c++11", "redeem.cpp")] {
            for (package, shared) in [("wxcoupon", true), ("wxcoupon-static", false)] {
                let program = out.join(format!("{package}-{source}.out"));
                let script = format!(
                    "{compiler} -Wall -Wextra -Werror {source} $(pkg-config --cflags --libs {package}) -o \"$0\""
                );
                run(self.shell(&script).arg(&program)).unwrap();
                assert_eq!(needs_library(&program), shared, "{}", program.display());
                self.assert_is_loaded_from_here(&program, shared);
                assert_redeems(limited(60, &program).env("LD_LIBRARY_PATH", &self.libraries));
            }
        }
    }

    /// Builds all programs by `CMake`, shared and static, and runs them where they were built: they know the way.
    pub fn assert_cmake_works(&self, out: &Path, wanted: &str) {
        let build = out.join("build");
        run(&mut self.cmake(&build, wanted, "wxcoupon;static")).unwrap();
        run(Command::new("cmake").arg("--build").arg(&build)).unwrap();
        for (name, shared) in
            [("wxcoupon_c", true), ("wxcoupon_cpp", true), ("static_c", false), ("static_cpp", false)]
        {
            let program = build.join(name);
            assert_eq!(needs_library(&program), shared, "{name}");
            assert_redeems(limited(60, &program).env_remove("LD_LIBRARY_PATH"));
        }
    }

    fn assert_is_loaded_from_here(&self, program: &Path, shared: bool) {
        let said = run(Command::new("ldd").arg(program).env("LD_LIBRARY_PATH", &self.libraries)).unwrap();
        let from = format!("libwxcoupon.so.1 => {}", self.libraries.join("libwxcoupon.so.1").display());
        assert_eq!(said.contains(&from), shared, "{said}");
    }
}

/// Whether the loader will look for our shared library, under its SONAME.
pub fn needs_library(program: &Path) -> bool {
    let said = run(Command::new("readelf").arg("--dynamic").arg(program)).unwrap();
    let needed: Vec<&str> =
        said.lines().filter(|line| line.contains("(NEEDED)") && line.contains("libwxcoupon")).collect();
    assert!(needed.iter().all(|line| line.ends_with("[libwxcoupon.so.1]")), "{needed:?}");
    !needed.is_empty()
}

/// Runs the program for a coupon of its own.
pub fn assert_redeems(program: &mut Command) {
    static COUPONS: AtomicU32 = AtomicU32::new(1);
    let code = format!("AUTO_FOREIGN_{}", COUPONS.fetch_add(1, Ordering::Relaxed));
    let printed = run(program.arg(&sandbox().config).arg(&code)).unwrap();
    assert_eq!(printed.lines().next(), Some(env!("CARGO_PKG_VERSION")), "{printed}");
    assert!(printed.contains(r#""name":"WXCOUPON_OK""#) && printed.contains(r#""USED""#), "{printed}");
}
