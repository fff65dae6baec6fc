//! Every page for integrators is there in English and in Chinese, and the two have the same shape: the same headings, tables and
//! blocks of code, and in each section the same names and numbers. Prose is free.

use std::collections::BTreeSet;
use testkit::pages::{Block, Piece, all, broken_links, code_spans, pieces, prose_of, text};
use testkit::root;

/// Pages that lie elsewhere than in `docs` and `docs/zh`.
const ELSEWHERE: &[(&str, &str)] = &[("README.md", "README.zh-CN.md")];

/// Both languages of each page.
fn twins() -> Vec<(String, String)> {
    let pages = all(root());
    let english = pages.iter().filter_map(|page| page.strip_prefix("docs/"));
    let english = english.filter(|page| !page.starts_with("zh/"));
    let mut twins: Vec<_> = english.map(|page| (format!("docs/{page}"), format!("docs/zh/{page}"))).collect();
    twins.extend(ELSEWHERE.iter().map(|(english, chinese)| ((*english).into(), (*chinese).into())));
    twins
}

#[test]
fn every_page_is_there_in_both_languages() {
    let pages: BTreeSet<String> = all(root()).into_iter().collect();
    let twins = twins();
    let missing: Vec<_> = twins.iter().filter(|(_, chinese)| !pages.contains(chinese)).collect();
    assert!(missing.is_empty(), "no Chinese page yet: {missing:?}");
    let known: BTreeSet<_> = twins.iter().map(|(_, chinese)| chinese).collect();
    let lonely: Vec<_> =
        pages.iter().filter(|page| page.starts_with("docs/zh/") && !known.contains(page)).collect();
    assert!(lonely.is_empty(), "no English page: {lonely:?}");
}

#[test]
fn both_languages_have_the_same_shape() {
    let differences: Vec<String> = twins()
        .iter()
        .flat_map(|(english, chinese)| {
            let found = differences(&sections(english), &sections(chinese));
            found.into_iter().map(move |found| format!("{chinese}: {found}"))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn each_page_links_to_its_twin() {
    for (english, chinese) in twins() {
        let name = |page: &str| page.rsplit('/').next().unwrap().to_owned();
        assert!(
            text(&english).contains(&format!("{})", name(&chinese))),
            "{english} has no link to {chinese}"
        );
        assert!(
            text(&chinese).contains(&format!("{})", name(&english))),
            "{chinese} has no link to {english}"
        );
    }
}

#[test]
fn links_lead_somewhere() {
    let broken = broken_links(root());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_front_pages_are_short() {
    for page in ["README.md", "README.zh-CN.md"] {
        let lines = text(page).lines().count();
        assert!(lines <= 130, "{page} has {lines} lines, at most 130 are read");
    }
}

/// What stands between two headings.
#[derive(Default)]
struct Section {
    level: usize,
    title: String,
    blocks: Vec<Block>,
    /// Of each table its columns and rows.
    tables: Vec<(usize, usize)>,
    prose: String,
}

fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    for piece in pieces(&text(page)) {
        if let Piece::Heading(level, title) = &piece {
            sections.push(Section { level: *level, title: title.clone(), ..Section::default() });
        }
        let section = sections.last_mut().unwrap();
        section.prose += &prose_of(&piece);
        section.prose.push('\n');
        match piece {
            Piece::Block(block) => section.blocks.push(block),
            Piece::Table(rows) => section.tables.push((rows[0].len(), rows.len())),
            Piece::Heading(..) | Piece::Line(_) => {}
        }
    }
    sections
}

fn differences(english: &[Section], chinese: &[Section]) -> Vec<String> {
    let levels = |sections: &[Section]| sections.iter().map(|section| section.level).collect::<Vec<_>>();
    if levels(english) != levels(chinese) {
        let titles = |sections: &[Section]| {
            let titles = sections.iter().map(|section| format!("{} {}", section.level, section.title));
            titles.collect::<Vec<_>>().join("\n")
        };
        return vec![format!("other headings\n{}\n---\n{}", titles(english), titles(chinese))];
    }
    let pairs = english.iter().zip(chinese);
    pairs.flat_map(|(english, chinese)| differences_of_sections(english, chinese)).collect()
}

fn differences_of_sections(english: &Section, chinese: &Section) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |what: &str, left: String, right: String| {
        if left != right {
            found.push(format!("“{}” has other {what}: English {left}, Chinese {right}", chinese.title));
        }
    };
    note("tables (columns, rows)", format!("{:?}", english.tables), format!("{:?}", chinese.tables));
    let code =
        |section: &Section| section.blocks.iter().map(without_comments).collect::<Vec<_>>().join("```\n");
    note("blocks of code", code(english), code(chinese));
    let (names, hers) = (code_spans(&english.prose), code_spans(&chinese.prose));
    note("names", only_in(&names, &hers), only_in(&hers, &names));
    let (figures, hers) = (numbers(&english.prose), numbers(&chinese.prose));
    note("numbers", only_in(&figures, &hers), only_in(&hers, &figures));
    found
}

fn only_in(these: &BTreeSet<String>, others: &BTreeSet<String>) -> String {
    these.difference(others).cloned().collect::<Vec<_>>().join(" ")
}

/// Comments are prose, and so is a diagram.
fn without_comments(block: &Block) -> String {
    let begins = match block.language.as_str() {
        "text" => return String::from("a diagram\n"),
        "c" | "cpp" | "csharp" | "java" | "js" | "powerbuilder" | "rust" => ["//", "/*"],
        "sh" | "python" | "cmake" | "toml" | "ini" => ["# ", "#\n"],
        "pascal" => ["//", "{ "],
        "bat" => ["rem ", ":: "],
        "vb" | "epl" => ["' ", "'\n"],
        "lua" | "sql" => ["--", "--"],
        "http" | "json" => ["\0", "\0"],
        language => panic!("line {}: how does a comment begin in {language}?", block.line),
    };
    let code = |line: &str| {
        let end = begins.iter().filter_map(|begin| line.find(begin)).min().unwrap_or(line.len());
        line[..end].trim_end().to_owned() + "\n"
    };
    block.text.lines().map(code).filter(|line| line != "\n").collect()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Numbers that are written in digits, outside of code and links. Chinese counts the months.
fn numbers(prose: &str) -> BTreeSet<String> {
    let mut prose: String = prose.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    for (before, month) in MONTHS.iter().enumerate() {
        // With its year, for some are words of other meanings too.
        prose = prose.replace(&format!("{month} 20"), &format!("{} 20", before + 1));
    }
    let mut plain = String::new();
    for (at, part) in prose.split("](").enumerate() {
        let text = if at == 0 { part } else { part.split_once(')').map_or("", |(_, text)| text) };
        plain += text;
        plain.push(' ');
    }
    let digit = |letter: char| letter.is_ascii_digit();
    let mut numbers = BTreeSet::new();
    for run in plain.split(|letter: char| !digit(letter) && !"., ".contains(letter)) {
        for number in run.split(' ') {
            let number = number.trim_matches(|letter| letter == '.' || letter == ',');
            if number.contains(digit) {
                numbers.insert(number.replace(',', ""));
            }
        }
    }
    numbers
}
