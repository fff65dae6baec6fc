//! `docs/api.md` and `docs/zh/api.md` are written from the table: `BLESS=1 cargo test --test operations table::document`
//! writes them anew.

mod chinese;
mod english;

use chinese::Chinese;
use english::English;
use std::fmt::Write as _;
use wxcoupon::api::{
    ALL, BUSIFAVOR, Combination, Member, Operation, PRODUCT_COUPON, Place, Presence, Recovery, Rule,
};
use wxcoupon::mode::Mode;

/// How doubt about a request of an operation ends.
enum Ends {
    Question,
    ByRepeat,
    ByRepeatOfTheDay,
    ByList,
    ByQuery,
    Again,
}

/// What the page says in one language.
trait Words {
    /// What stands above the tables.
    fn introduction(&self) -> &'static str;
    /// The head of the table of operations.
    fn operations(&self) -> &'static str;
    /// The head of a table of members.
    fn members(&self) -> &'static str;
    fn place(&self, place: Place) -> &'static str;
    fn presence(&self, presence: Presence) -> &'static str;
    fn rule(&self, rule: &Rule) -> String;
    /// One rule about several members; a member's name is given as the page has it.
    fn combination(&self, rule: &Combination, name: &dyn Fn(&str) -> String) -> String;
    fn ends(&self, ends: &Ends) -> &'static str;
    /// The line below an operation's heading: its title, method and path, number, source.
    fn line(&self, title: &str, call: &str, number: Option<&str>, source: &str) -> String;
    /// The rules about several members, one behind the other.
    fn together(&self, rules: &[String]) -> String;
}

fn notes(words: &dyn Words, rules: &[Combination], at: &str, notes: &mut Vec<String>) {
    let name =
        |member: &str| format!("`{}`", if at.is_empty() { member.into() } else { format!("{at}.{member}") });
    notes.extend(rules.iter().map(|rule| words.combination(rule, &name)));
}

fn rows(words: &dyn Words, members: &[Member], at: &str, text: &mut String, together: &mut Vec<String>) {
    for member in members {
        let name = if at.is_empty() { member.name.into() } else { format!("{at}.{}", member.name) };
        let place = if at.is_empty() { words.place(member.place) } else { "" };
        let (presence, rule) = (words.presence(member.presence), words.rule(&member.rule));
        writeln!(text, "| `{name}` | {place} | {presence} | {rule} |").unwrap();
        inside(words, &member.rule, &name, text, together);
    }
}

fn inside(words: &dyn Words, rule: &Rule, name: &str, text: &mut String, together: &mut Vec<String>) {
    match rule {
        Rule::Object(members, rules) => {
            rows(words, members, name, text, together);
            notes(words, rules, name, together);
        }
        Rule::List(item, _) => inside(words, item, &format!("{name}[]"), text, together),
        _ => {}
    }
}

fn ends(operation: &Operation) -> Ends {
    match operation.recovery {
        Recovery::NotNeeded => Ends::Question,
        Recovery::Repeat if operation.short_lived => Ends::ByRepeatOfTheDay,
        Recovery::Repeat => Ends::ByRepeat,
        Recovery::Query { query, .. } if query.id.ends_with("list") => Ends::ByList,
        Recovery::Query { .. } => Ends::ByQuery,
        Recovery::Idempotent => Ends::Again,
    }
}

fn names(list: &[&str], between: &str, name: &dyn Fn(&str) -> String) -> String {
    list.iter().map(|member| name(member)).collect::<Vec<_>>().join(between)
}

fn document(words: &dyn Words) -> String {
    let mut text = words.introduction().to_owned();
    writeln!(text, "\n{}\n|---|---|---|", words.operations()).unwrap();
    for operation in ALL {
        let (id, title) = (operation.id, operation.title);
        writeln!(text, "| [`{id}`](#{id}) | {title} | {} |", words.ends(&ends(operation))).unwrap();
    }
    for operation in ALL {
        let call = format!("`{} …{}`", operation.method, operation.path);
        let line = words.line(operation.title, &call, operation.request_no_member, operation.source);
        writeln!(text, "\n## {}\n\n{line}", operation.id).unwrap();
        if operation.members.is_empty() {
            continue;
        }
        writeln!(text, "\n{}\n|---|---|---|---|", words.members()).unwrap();
        let mut together = Vec::new();
        notes(words, operation.combinations, "", &mut together);
        rows(words, operation.members, "", &mut text, &mut together);
        if !together.is_empty() {
            writeln!(text, "\n{}", words.together(&together)).unwrap();
        }
    }
    text
}

#[test]
fn the_pages_of_operations_are_the_tables() {
    let pages: [(&str, &dyn Words); 2] = [("docs/api.md", &English), ("docs/zh/api.md", &Chinese)];
    for (page, words) in pages {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let right = document(words);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &right).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == right, "{page} is not the table's: run `make header`");
        for family in [&PRODUCT_COUPON, &BUSIFAVOR] {
            let prefixes = [Mode::Partner, Mode::Brand].map(|mode| family.prefix(mode));
            assert!(prefixes.into_iter().flatten().all(|prefix| right.contains(prefix)), "{family:?}");
        }
    }
}
