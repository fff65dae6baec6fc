//! Modules use only what is below them, and the files of a module do not import each other in a circle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the bottom to the top. A module uses those of the lines above its own, and no other.
const LAYERS: &[&[&str]] = &[
    &["text"],
    &["clock", "error", "identities", "sync"],
    &["mode"],
    &["crypto"],
    &["http"],
    &["operation", "options", "refusal"],
    &["state"],
    &["faults"],
    &["webhooks"],
    &["operations"],
    &["protocol"],
    &["console"],
    &["control"],
    &["admin"],
    &["sandbox"],
];

/// Code by path below `src`, without comments and unit tests: these may look anywhere.
fn sources() -> BTreeMap<String, String> {
    fn collect(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let code: Vec<&str> =
                    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(path, code.join("\n"));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    collect(&root, &root, &mut found);
    for program in ["lib.rs", "main.rs", "cli.rs", "ready.rs"] {
        found.remove(program).unwrap();
    }
    found
}

fn module(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

fn leading_name(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The names that stand after a prefix: one, or those of a list in braces.
fn names_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(prefix).skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => {
            let list = list.split(';').next().unwrap();
            list.split(['{', '}', ',']).map(|part| leading_name(part.trim())).collect()
        }
        None => vec![leading_name(rest)],
    })
}

#[test]
fn modules_use_only_what_is_below_them() {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let mut wrong = BTreeSet::new();
    for (path, code) in sources() {
        let own = module(&path);
        for used in names_after(&code, "crate::").filter(|used| *used != own && !used.is_empty()) {
            match (layer(own), layer(used)) {
                (Some(own), Some(theirs)) if theirs < own => {}
                (None, _) => drop(wrong.insert(format!("{own} has no layer"))),
                (_, None) => drop(wrong.insert(format!("{path} uses {used}, which has no layer"))),
                _ => drop(wrong.insert(format!("{path} uses {used}"))),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_layer_is_there() {
    let sources = sources();
    let there: BTreeSet<&str> = sources.keys().map(|path| module(path)).collect();
    let listed: BTreeSet<&str> = LAYERS.iter().flat_map(|layer| layer.iter().copied()).collect();
    assert_eq!(there, listed);
}

/// A file of a module, or a folder in it as a whole: `state/coupon`, `state/catalogue`.
fn unit(path: &str) -> Option<String> {
    let mut parts = path.trim_end_matches(".rs").split('/');
    let (module, name) = (parts.next()?, parts.next()?);
    // The `mod.rs` of a module stands for the module and may name all of it.
    (name != "mod").then(|| format!("{module}/{name}"))
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let sources = sources();
    let units: BTreeSet<String> = sources.keys().filter_map(|path| unit(path)).collect();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, code) in &sources {
        let Some(unit) = unit(path).and_then(|unit| units.get(&unit)) else { continue };
        let module = module(path);
        let is_deep = path.matches('/').count() > 1 && !path.ends_with("/mod.rs");
        let sibling = if is_deep { "super::super::" } else { "super::" };
        for prefix in [sibling, &format!("crate::{module}::")] {
            let named = names_after(code, prefix).filter_map(|name| units.get(&format!("{module}/{name}")));
            imports.entry(unit).or_default().extend(named.filter(|named| *named != unit).map(String::as_str));
        }
    }
    let reaches_itself = |start: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(unit) = next.pop() {
            for import in imports.get(unit).into_iter().flatten() {
                if *import == start {
                    return true;
                }
                if seen.insert(*import) {
                    next.push(import);
                }
            }
        }
        false
    };
    let circles: Vec<&&str> = imports.keys().filter(|unit| reaches_itself(unit)).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}
