//! The project's pages: Markdown, as far as tests read it.

use super::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A block between fences.
#[derive(Debug, Clone)]
pub struct Block {
    /// The first word behind the opening fence; empty where there is none.
    pub language: String,
    /// What stands between the fences.
    pub text: String,
    /// Where the opening fence is, counted from 1.
    pub line: usize,
}

impl Block {
    /// Its first line, by which lists name it.
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default().trim()
    }
}

/// A piece of a page.
#[derive(Debug, Clone)]
pub enum Piece {
    /// A heading and its level.
    Heading(usize, String),
    /// Lines between fences.
    Block(Block),
    /// A table: its rows with their cells, without the line below the head.
    Table(Vec<Vec<String>>),
    /// A line of anything else.
    Line(String),
}

/// The pages below a folder that is the project's or an archive's: paths relative to it, sorted.
pub fn all(root: &Path) -> Vec<String> {
    let folders =
        ["", "docs", "docs/zh", "include", "sandbox", "bench", "bindings/python", "tests", "command"];
    let mut found = BTreeSet::new();
    for folder in folders {
        // An archive has not all of them.
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|ending| ending == "md") {
                found.insert(if folder.is_empty() { name } else { format!("{folder}/{name}") });
            }
        }
    }
    found.into_iter().collect()
}

/// The text of a page of the project.
pub fn text(page: &str) -> String {
    let path = root().join(page);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pieces of a page, in order.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let inside = lines.by_ref().map(|(_, line)| line);
            let inside: Vec<&str> = inside.take_while(|line| !line.trim_start().starts_with("```")).collect();
            let language = language.split_whitespace().next().unwrap_or_default().to_owned();
            let text = inside.iter().flat_map(|line| [line, "\n"]).collect();
            pieces.push(Piece::Block(Block { language, text, line: number + 1 }));
        } else if line.starts_with('#') && line.trim_start_matches('#').starts_with(' ') {
            let title = line.trim_start_matches('#');
            pieces.push(Piece::Heading(line.len() - title.len(), title.trim().to_owned()));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with('|')) {
                if line.contains(|letter: char| !"|-: ".contains(letter)) {
                    rows.push(cells(line));
                }
            }
            pieces.push(Piece::Table(rows));
        } else {
            pieces.push(Piece::Line(line.to_owned()));
        }
    }
    pieces
}

/// The cells of a row. A bar behind a backslash or inside of code is text.
pub fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut code, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in row.trim().trim_start_matches('|').chars() {
        if letter == '|' && !escaped && !code {
            cells.push(cell.trim().to_owned());
            cell.clear();
            continue;
        }
        code ^= letter == '`';
        escaped = letter == '\\';
        cell.push(letter);
    }
    cells
}

/// The blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let only_blocks = |piece| match piece {
        Piece::Block(block) => Some(block),
        _ => None,
    };
    pieces(&text(page)).into_iter().filter_map(only_blocks).collect()
}

/// The one block of a page whose first line has these words.
pub fn block(page: &str, words: &str) -> String {
    let blocks = blocks(page);
    let mut found = blocks.iter().filter(|block| block.first_line().contains(words));
    let Some(block) = found.next() else { panic!("{page} has no block that begins with {words}") };
    assert!(found.next().is_none(), "{page} has several blocks that begin with {words}");
    block.text.clone()
}

/// What stands between single backquotes.
pub fn code_spans(text: &str) -> BTreeSet<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// The targets of links and pictures.
pub fn links(text: &str) -> Vec<String> {
    let without_code: String = text.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let targets = without_code.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The name that a heading has as a target of links, as GitHub makes it.
pub fn anchor(heading: &str) -> String {
    let kept = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let mut anchor = String::new();
    for letter in heading.to_lowercase().chars() {
        if letter == ' ' {
            anchor.push('-');
        } else if kept(letter) {
            anchor.push(letter);
        }
    }
    anchor
}

/// Links of the pages below a folder that lead nowhere.
pub fn broken_links(root: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    for page in all(root) {
        let text = fs::read_to_string(root.join(&page)).unwrap();
        let folder = PathBuf::from(&page).parent().unwrap().to_owned();
        let prose = pieces(&text).into_iter().filter(|piece| !matches!(piece, Piece::Block(_)));
        let prose: Vec<String> = prose.map(|piece| prose_of(&piece)).collect();
        for target in links(&prose.join("\n")) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { PathBuf::from(&page) } else { folder.join(file) };
            let fits = root.join(&path).exists()
                && (heading.is_empty() || headings(&root.join(&path)).contains(heading));
            if !fits {
                broken.push(format!("{page}: {target}"));
            }
        }
    }
    broken
}

/// What a piece says, without its marks.
pub fn prose_of(piece: &Piece) -> String {
    match piece {
        Piece::Heading(_, text) | Piece::Line(text) => text.clone(),
        Piece::Table(rows) => rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n"),
        Piece::Block(_) => String::new(),
    }
}

fn headings(file: &Path) -> BTreeSet<String> {
    let Ok(text) = fs::read_to_string(file) else { return BTreeSet::new() };
    let (mut found, mut plain) = (BTreeSet::new(), Vec::new());
    for piece in pieces(&text) {
        if let Piece::Heading(_, title) = piece {
            let anchor = anchor(&title);
            let before = plain.iter().filter(|known| **known == anchor).count();
            found.insert(if before == 0 { anchor.clone() } else { format!("{anchor}-{before}") });
            plain.push(anchor);
        }
    }
    found
}

/// A table that is written from the sources, for one language: each row is its cells, where `None` is a text that is
/// another in each language. English has it from `english`; of any other language the page itself keeps it, by the
/// row's first cell.
pub struct Generated<'a> {
    /// What stands in the page before and behind it: `<!-- mark -->` and `<!-- end -->`.
    pub mark: &'a str,
    /// Rows of cells and, where a cell is translated, its English.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell of a generated table.
#[derive(Debug, Clone)]
pub enum Cell {
    /// The same in all languages.
    Same(String),
    /// In English. A page in another language keeps what stands there.
    Translated(String),
    /// Written by hand in every language.
    ByHand,
}

/// A page with its generated table between the marks. The table's head stays as it is.
pub fn with_table(page: &str, table: &Generated<'_>, english: bool) -> String {
    let begin = format!("<!-- {} -->\n", table.mark);
    let Some((before, rest)) = page.split_once(&begin) else { panic!("no {begin}") };
    let Some((old, after)) = rest.split_once("<!-- end -->") else { panic!("no end of {begin}") };
    let old: Vec<&str> = old.lines().collect();
    let head: String = old.iter().take(2).flat_map(|line| [line, "\n"]).collect();
    let known: Vec<Vec<String>> = old.iter().skip(2).map(|line| cells(line)).collect();
    let mut text = String::new();
    for row in &table.rows {
        let of_name = |cell: &Cell| match cell {
            Cell::Same(text) | Cell::Translated(text) => text.clone(),
            Cell::ByHand => String::new(),
        };
        let name = row.first().map(of_name).unwrap_or_default();
        let kept = known.iter().find(|row| row.first() == Some(&name));
        let before = |column: usize| kept.and_then(|row| row.get(column).cloned());
        for (column, cell) in row.iter().enumerate() {
            let said = match cell {
                Cell::Same(same) => same.clone(),
                Cell::Translated(said) if english => said.clone(),
                Cell::Translated(said) => before(column).unwrap_or_else(|| said.clone()),
                Cell::ByHand => before(column).unwrap_or_default(),
            };
            text.extend(["| ", &said, " "]);
        }
        text += "|\n";
    }
    format!("{before}{begin}{head}{text}<!-- end -->{after}")
}

/// Cells of a generated table that nobody has written or, in a Chinese page, translated yet.
pub fn unwritten(page: &str, table: &Generated<'_>, english: bool) -> Vec<String> {
    let begin = format!("<!-- {} -->\n", table.mark);
    let Some((_, rest)) = page.split_once(&begin) else { panic!("no {begin}") };
    let rows = rest.split("<!-- end -->").next().unwrap_or_default().lines().skip(2).map(cells);
    let mut missing = Vec::new();
    for (row, cells) in table.rows.iter().zip(rows) {
        for (cell, said) in row.iter().zip(&cells) {
            let chinese = said.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            let right = match cell {
                Cell::Same(_) => true,
                Cell::Translated(said) => english || said.is_empty() || chinese,
                Cell::ByHand => !said.is_empty() && (english || chinese),
            };
            if !right {
                missing.push(format!("{} {said}", cells.first().map_or("", String::as_str)));
            }
        }
    }
    missing
}
