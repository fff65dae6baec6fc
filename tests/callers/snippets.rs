//! The programs that the sandbox's console shows: compilers accept them with the bindings as they are.

use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::toolchain::{have, have_with};
use testkit::{assert_none, limited, root, run, scratch};

/// Has the page's own script write each snippet into a file, with its remarks in one language.
fn write_snippets(folder: &Path, spoken: &str) {
    let page = root().join("sandbox/src/console/page/snippets.js");
    fs::copy(page, folder.join("snippets.mjs")).unwrap();
    let script = "
        import { LANGUAGES, snippet } from './snippets.mjs';
        import fs from 'node:fs';
        const spoken = process.argv[2];
        const files = { C: 'till.c', 'C++': 'till.cpp', Python: 'till.py', 'C#': 'till.cs', Delphi: 'till.pas', Java: 'Till.java',
          'Node.js': 'till.js', Lua: 'till.lua' };
        for (const name of LANGUAGES) {
          if (files[name]) fs.writeFileSync(files[name], `${snippet(name, { config: '/till/config.json' }, spoken)}\\n`);
        }
        if (LANGUAGES.length !== 11) throw new Error('eleven languages');
    ";
    fs::write(folder.join("write.mjs"), script).unwrap();
    run(limited(60, "node").current_dir(folder).args(["write.mjs", spoken])).unwrap();
}

/// A tool, how it is asked for its version, and its arguments.
fn checked(folder: &Path, tool: &str, version: &str, arguments: &[&str]) -> Option<String> {
    if !have_with(tool, version) {
        return None;
    }
    let mut command: Command = limited(100, tool);
    run(command.current_dir(folder).args(arguments)).err()
}

#[test]
fn snippets_of_the_console_compile() {
    if have("node") {
        ["en", "zh"].into_iter().for_each(compile);
    }
}

fn compile(spoken: &str) {
    let folder = scratch(&format!("snippets-{spoken}"));
    write_snippets(&folder, spoken);
    let at = |path: &str| root().join(path).display().to_string();
    let (include, pascal) = (format!("-I{}", at("include")), format!("-Fu{}", at("bindings/delphi")));
    let (dotnet, java) = (
        at("bindings/dotnet/WxCoupon.cs"),
        ["WxCoupon", "Numbers"].map(|name| at(&format!("bindings/java/{name}.java"))),
    );
    let jna = "/usr/share/java/jna.jar";
    let strict = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
    let c = [&strict[..], &["-std=c99", &include, "till.c"]].concat();
    let cpp = [&strict[..], &["-std=c++11", &include, "till.cpp"]].concat();
    let mut failures: Vec<String> = [
        checked(&folder, "gcc", "--version", &c),
        checked(&folder, "g++", "--version", &cpp),
        checked(&folder, "python3", "--version", &["-m", "py_compile", "till.py"]),
        checked(&folder, "node", "--version", &["--check", "till.js"]),
        checked(&folder, "luajit", "-v", &["-b", "till.lua", "till.out"]),
        checked(&folder, "mcs", "--version", &["-out:till.exe", "till.cs", &dotnet]),
        // Java's and Pascal's compilers put what they make where they are told.
        checked(
            &folder,
            "javac",
            "-version",
            &["-encoding", "UTF-8", "-d", ".", "-cp", jna, "Till.java", &java[0], &java[1]],
        ),
        checked(&folder, "fpc", "-iV", &["-Mdelphi", &pascal, "-FE.", "-FU.", "till.pas"]),
    ]
    .into_iter()
    .flatten()
    .collect();
    failures.sort();
    assert_none(&failures);
}
