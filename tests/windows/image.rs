//! What is in the files: imports, exports, flags, version.

use crate::platform::{Platform, link, source};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::{root, run};

on_both! {
    it_imports_what_windows_7_has_and_nothing_else
    it_exports_the_functions_and_their_doors_and_the_def_says_so
    memory_is_protected_and_the_bytes_know_no_time_and_no_folder
    it_says_what_it_is
}

fn golden(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("tests/golden").join(name)).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn objdump(platform: &Platform, file: &Path) -> String {
    run(Command::new(platform.tool("objdump")).arg("-p").arg(file)).unwrap()
}

/// Every function it imports, as DLL!function.
fn imports(dump: &str) -> BTreeSet<String> {
    let mut dll = "";
    let mut found = BTreeSet::new();
    for line in dump.lines().take_while(|line| !line.starts_with("There is an export table")) {
        if let Some(name) = line.trim().strip_prefix("DLL Name: ") {
            dll = name;
        }
        // An address, a number and the name.
        let columns: Vec<&str> = line.split_whitespace().collect();
        if let (true, [_, number, name]) = (line.starts_with('\t') && !dll.is_empty(), &columns[..])
            && number.chars().all(|digit| digit.is_ascii_digit())
        {
            found.insert(format!("{dll}!{name}"));
        }
    }
    found
}

fn it_imports_what_windows_7_has_and_nothing_else(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let found = imports(&objdump(platform, &platform.library().join("wxcoupon.dll")));
    assert!(found.contains("bcrypt.dll!BCryptGenRandom") && found.len() > 50, "{found:?}");
    let unknown: Vec<_> = found.difference(&golden("windows-imports.txt")).cloned().collect();
    assert!(unknown.is_empty(), "does Windows 7 have these? {unknown:#?}");
}

fn it_exports_the_functions_and_their_doors_and_the_def_says_so(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let folder = platform.library();
    let functions = golden("symbols.txt");
    let expected: BTreeSet<String> =
        functions.iter().flat_map(|name| [name.clone(), format!("{name}_std")]).collect();
    let dump = objdump(platform, &folder.join("wxcoupon.dll"));
    let table = dump.split_once("[Ordinal/Name Pointer] Table").unwrap().1;
    let exports: BTreeSet<String> = table
        .lines()
        .skip(1)
        .map_while(|line| line.starts_with("\t[").then(|| line.split_whitespace().last().unwrap().to_owned()))
        .collect();
    assert_eq!(exports, expected);
    let def: Vec<String> =
        ["LIBRARY wxcoupon.dll".into(), "EXPORTS".into()].into_iter().chain(expected).collect();
    let lines = fs::read_to_string(folder.join("wxcoupon.def")).unwrap();
    assert_eq!(lines.lines().map(|line| line.trim_start().to_owned()).collect::<Vec<_>>(), def);
}

fn memory_is_protected_and_the_bytes_know_no_time_and_no_folder(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let file = platform.library().join("wxcoupon.dll");
    let dump = objdump(platform, &file);
    let mut needed = vec!["NX_COMPAT", "DYNAMIC_BASE", "Thu Jan  1 00:00:00 1970"];
    if dump.contains("pei-x86-64") {
        needed.push("HIGH_ENTROPY_VA");
    }
    for text in needed {
        assert!(dump.contains(text), "no {text} in:\n{dump}");
    }
    // Without them the flag that allows another address means nothing.
    let relocations = dump.lines().find(|line| line.starts_with("Entry 5 ")).unwrap();
    assert!(!relocations.contains(" 00000000 "), "{relocations}");
    assert!(!dump.contains("relocations stripped"), "{dump}");

    let bytes = fs::read(&file).unwrap();
    // A user of the system may have the root of all folders as his own.
    let home = std::env::var("HOME").ok().filter(|home| home.len() > 1).unwrap_or("/root".into());
    for folder in [root().to_str().unwrap(), &home, "/usr/lib/rustlib"] {
        let found = bytes.windows(folder.len()).any(|part| part == folder.as_bytes());
        assert!(!found, "{folder} is named in {}", file.display());
    }
}

fn it_says_what_it_is(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let folder = platform.folder("version", &platform.library());
    let program = folder.join("version.exe");
    link(platform.compiler("c89"), &[source("windows/c/version.c")], &[], &program);
    let mut reading = platform.wine(&program);
    // A Wine without fonts says so there.
    reading.current_dir(&folder).arg("wxcoupon.dll").stderr(Stdio::null());
    let printed = run(&mut reading).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "numbers {version}\nFileDescription {}\nFileVersion {version}\nInternalName wxcoupon\n\
         LegalCopyright {}\nOriginalFilename wxcoupon.dll\nProductName wxcoupon\nProductVersion {version}",
        env!("CARGO_PKG_DESCRIPTION"),
        env!("CARGO_PKG_LICENSE"),
    );
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n"), expected);
}
