//! The header's first page: its program stands on the front pages too, and the page is there in Chinese.

use super::{assert_generated, example, sources};
use std::collections::BTreeSet;
use testkit::pages::text;

/// The header itself is ASCII: a compiler on a Chinese Windows reads it as GBK.
const IN_CHINESE: &str = "include/wxcoupon.h.zh.md";

#[test]
fn the_front_pages_show_the_shortest_program() {
    for page in ["README.md", "README.zh-CN.md", IN_CHINESE] {
        let found = text(page);
        let begin = "<!-- examples-c/00_shortest.c -->\n```c\n";
        let (before, rest) = found.split_once(begin).unwrap();
        let (_, after) = rest.split_once("```").unwrap();
        assert_generated(page, &format!("{before}{begin}{}```{after}", example()));
    }
}

/// What the English page lists, one a line, in its order: members of the configuration and of the answer.
fn listed(page: &str) -> Vec<String> {
    let name = |line: &str| {
        let entry = line.strip_prefix(" *   ")?;
        let (name, rest) = entry.split_once("  ").unwrap_or((entry, ""));
        let fits = name.len() > 3
            && name.chars().all(|letter| letter.is_ascii_lowercase() || "_23".contains(letter));
        (fits && !rest.starts_with("  *")).then(|| name.to_owned())
    };
    page.lines().filter_map(name).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    let within = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let ours = |word: &&str| word.starts_with("wxcoupon_") || word.starts_with("WXCOUPON_");
    text.split(|letter| !within(letter)).filter(ours).map(str::to_owned).collect()
}

#[test]
fn the_first_page_is_there_in_chinese() {
    let (english, chinese) = (sources().0.first_page, text(IN_CHINESE));
    let members = listed(english.split_once(" * From other languages").unwrap().0);
    assert!(members.len() > 35, "{members:?}");
    let mut rest = chinese.as_str();
    for member in &members {
        let row = format!("\n| `{member}` |");
        let Some((_, behind)) = rest.split_once(&row) else {
            panic!("{IN_CHINESE} has no row {member} there")
        };
        rest = behind;
    }
    let lists = chinese.split_once("## 其他语言").unwrap().0;
    assert_eq!(
        lists.matches("\n| `").count(),
        members.len(),
        "{IN_CHINESE} has rows that the header has not"
    );
    for (name, number) in
        [("OK", 0), ("MISUSE", 1), ("LOCAL", 2), ("NOT_SENT", 3), ("IN_DOUBT", 4), ("REFUSED", 5)]
    {
        assert!(chinese.contains(&format!("| {number} | `{name}` |")), "{name}");
    }
    // The Chinese page leaves declarations to the page of callers, and writes names out that the header cuts.
    let missing: Vec<_> = words(&english).difference(&words(&chinese)).cloned().collect();
    assert_eq!(missing, [""; 0], "{IN_CHINESE} does not speak of them");
}
