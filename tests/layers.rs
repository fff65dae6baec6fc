//! Data flows one way: what a module of `src` may use is written down here, and nothing else is used.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the bottom to the top. A module uses those above its own line in this list, and never one below.
const LAYERS: &[&[&str]] = &[
    &["status", "hex", "limits", "mode", "crypto", "file", "name", "redact", "os"],
    &["system", "error"],
    &["json", "log"],
    &["encoding"],
    &["course", "stats", "wire"],
    &["report"],
    &["api"],
    &["quote"],
    &["scan"],
    &["config"],
    &["net"],
    &["evidence", "journal"],
    &["outcome", "directory"],
    &["client", "jobs"],
    &["ffi"],
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // Tests may look anywhere.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
            found.push((path.strip_prefix("src").unwrap().to_string_lossy().into_owned(), text));
        }
    }
}

/// The module of a file, and those that it names with `crate::`.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files {
        let module = path.split(['/', '\\', '.']).next().unwrap().to_owned();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = uses.entry(module.clone()).or_default();
        for line in code {
            for rest in line.split("crate::").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name != module && !name.is_empty() {
                    named.insert(name);
                }
            }
        }
    }
    uses
}

#[test]
fn modules_use_only_what_is_below_them() {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let mut wrong = Vec::new();
    for (module, used) in uses() {
        if module == "lib" {
            continue;
        }
        let Some(own) = layer(&module) else {
            wrong.push(format!("{module} has no layer"));
            continue;
        };
        for name in used {
            match layer(&name) {
                Some(theirs) if theirs < own => {}
                Some(_) => wrong.push(format!("{module} uses {name}")),
                None => wrong.push(format!("{module} uses {name}, which has no layer")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_of_the_c_surface_do_not_import_each_other_in_a_circle() {
    let mut files = Vec::new();
    sources(Path::new("src/ffi"), &mut files);
    let named = |text: &str| -> BTreeSet<String> {
        let uses = text.lines().filter_map(|line| line.trim().strip_prefix("use super::"));
        uses.flat_map(|rest| {
            rest.split(['{', '}', ',', ';', ' '])
                .map(|part| part.split("::").next().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .collect()
    };
    let graph: BTreeMap<String, BTreeSet<String>> = files
        .iter()
        .map(|(path, text)| (path.trim_start_matches("ffi/").trim_end_matches(".rs").to_owned(), named(text)))
        .filter(|(file, _)| file != "mod")
        .collect();
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(file) = next.pop() {
            for name in graph.get(&file).into_iter().flatten().filter(|name| graph.contains_key(*name)) {
                if name == to {
                    return true;
                }
                if seen.insert(name.clone()) {
                    next.push(name.clone());
                }
            }
        }
        false
    };
    let circles: Vec<&String> = graph.keys().filter(|file| reaches(file, file)).collect();
    assert!(circles.is_empty(), "{circles:?}");
}
