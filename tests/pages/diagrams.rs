//! The pictures are what their texts say, and both languages have the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::toolchain::have;
use testkit::{root, run};

#[test]
fn the_pictures_are_what_their_texts_say() {
    if have("python3") {
        let mut check = Command::new("python3");
        check.arg("-B").arg(root().join("tools/draw/draw.py")).arg("--check");
        run(&mut check).unwrap();
    }
}

/// Of each line what is no prose: its first words up to the text.
fn shape(text: &str) -> Vec<String> {
    let words = |line: &str, count: usize| line.split(' ').take(count).collect::<Vec<_>>().join(" ");
    let before = |line: &str| line.split(": ").next().unwrap().to_owned();
    let line = |line: &str| match line.split(' ').next().unwrap() {
        "sequence" | "states" | "part" => words(line, 1),
        "lane" => words(line, 3),
        "state" => words(line, 5),
        _ => before(line),
    };
    text.lines().map(line).collect()
}

#[test]
fn both_languages_have_the_same_pictures() {
    let mut pictures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(root().join("docs/images")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if let Some(name) = name.strip_suffix(".txt") {
            pictures.insert(name.to_owned(), shape(&fs::read_to_string(path).unwrap()));
        }
    }
    let english: Vec<_> = pictures.keys().filter(|name| Path::new(name).extension().is_none()).collect();
    assert!(english.len() >= 2);
    for name in english {
        assert_eq!(Some(&pictures[name]), pictures.get(&format!("{name}.zh")), "{name}");
    }
}
