//! Windows as this machine has it: MinGW's compilers, and Wine.

use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::toolchain::{STRICT, have};
use testkit::{limited, platform, root, run, scratch};

/// One of the two.
pub struct Platform {
    /// As tools/build/library.sh and tools/fetch/wine.sh call it.
    pub name: &'static str,
    /// What the names of MinGW's tools begin with.
    mingw: &'static str,
    /// GCC's unwinder as a DLL.
    pub unwinder: &'static str,
}

pub const X86_64: Platform =
    Platform { name: "windows-x86_64", mingw: "x86_64-w64-mingw32", unwinder: "libgcc_s_seh-1.dll" };
pub const X86: Platform =
    Platform { name: "windows-x86", mingw: "i686-w64-mingw32", unwinder: "libgcc_s_dw2-1.dll" };

impl Platform {
    /// Whether this machine can build and run programs for it.
    pub fn is_there(&self) -> bool {
        platform::can_be_built(self.name) && have(&self.tool("gcc-posix")) && have("/usr/lib/wine/wine64")
    }

    /// One of MinGW's tools.
    pub fn tool(&self, tool: &str) -> String {
        format!("{}-{tool}", self.mingw)
    }

    /// The folder with the library as it ships.
    pub fn library(&self) -> PathBuf {
        platform::library(self.name)
    }

    /// The folder with a library that has the exports that only tests call.
    pub fn with_test_hooks(&self) -> PathBuf {
        platform::library(&format!("{}-test-hooks", self.name))
    }

    /// An empty folder for programs, with that library in it.
    pub fn folder(&self, name: &str, library: &Path) -> PathBuf {
        let folder = scratch(&format!("{}-{name}", self.name));
        std::fs::copy(library.join("wxcoupon.dll"), folder.join("wxcoupon.dll")).unwrap();
        folder
    }

    /// A compiler that is as strict as those of Linux, for `c…` or `c++…`.
    pub fn compiler(&self, standard: &str) -> Command {
        let (tool, language) =
            if standard.starts_with("c++") { ("g++-posix", "c++") } else { ("gcc-posix", "c") };
        let mut compiler = Command::new(self.tool(tool));
        compiler
            .arg(format!("-std={standard}"))
            .args(STRICT)
            .args(["-msse", "-I"])
            .arg(root().join("include"));
        compiler.arg("-I").arg(root().join("tests/c")).args(["-x", language]);
        compiler
    }

    /// Runs a program.
    pub fn wine(&self, program: &Path) -> Command {
        self.started(limited(600, wine_script()), program)
    }

    /// Runs a program whose process is the one that is started, so that it can be killed.
    pub fn wine_to_kill(&self, program: &Path) -> Command {
        self.started(Command::new(wine_script()), program)
    }

    fn started(&self, mut wine: Command, program: &Path) -> Command {
        wine.arg(self.name).arg(program);
        wine
    }
}

/// Makes a program that needs no other DLL than those it is linked with.
pub fn link(mut compiler: Command, sources: &[PathBuf], libraries: &[PathBuf], program: &Path) {
    compiler.args(sources).args(["-x", "none", "-o"]).arg(program).args(libraries);
    compiler.args(["-static", "-pthread", "-lversion"]);
    run(&mut compiler).unwrap();
}

fn wine_script() -> PathBuf {
    root().join("tools/fetch/wine.sh")
}

/// A path of this machine as Windows programs spell it.
pub fn on_drive_z(path: &Path) -> String {
    format!("Z:{}", path.display())
}

/// The source of a test program.
pub fn source(name: &str) -> PathBuf {
    root().join("tests").join(name)
}
