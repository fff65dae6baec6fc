//! `docs/operations.md` is written from the table: `BLESS=1 cargo test --test operations table::document` writes it anew.

use std::fmt::Write as _;
use wxcoupon::api::{
    ALL, BUSIFAVOR, Combination, Member, Operation, PRODUCT_COUPON, Place, Presence, Recovery, Rule,
};
use wxcoupon::mode::Mode;

const HEAD: &str = "# Operations

> **中文摘要**：本页列出全部接口：名称、路径、每个成员的位置与规则，以及应答丢失后如何查清。
> 用 `wxcoupon_call(ctx, \"名称\", json, buf)` 调用；收银常用的接口另有同名函数。

Every operation is called by its name with `wxcoupon_call`, and can be a job. `use`, `query`, `list`, `return`, `send`,
`confirm` and `deactivate` are functions too. The input is one flat object: members of the path and of the query stand
beside those of the body. What the table does not name is passed on. This page is made from the library's own table.

Paths begin with `/v3/marketing/partner/product-coupon` for service providers, and with
`/brand/marketing/product-coupon` in brand mode, where `brand_id` is never sent. Those of 商家券 (`busifavor_…`) begin with
`/v3/marketing/busifavor` for merchants and service providers, and brands have none: [busifavor.md](busifavor.md).

*default* means that the configuration's `defaults` stand in; *now* that the present time is filled in. *Page* is the
number at pay.weixin.qq.com/doc/v3/partner/; the rules of the management operations come from field lists of a
third-party mirror where the page could not be read.

A *name* is a text without control characters, blanks at its ends, no-break and other odd blanks, invisible or full-width
characters: scanners, spreadsheets and input methods add them, and WeChat Pay would find nothing of that name. The
refusal says which character stands where. Every other character may stand in a name.

What is *not sent* is kept with the request: the question about a lost answer needs it, or it is compared with the answer.

**When the answer is lost**, the library repeats the same bytes under the same number. *repeat* says that this settles
it; *query* and *list* (in their family), that it also looks there for the number where a repeat is refused; *again*, that the request has
no number and says how things shall be: it is done again within the call, and if the end is class 4, do the same again.
";

fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => "body",
        Place::Meta => "meta",
        Place::Unsent => "not sent",
        Place::File => "file",
    }
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Required => "required",
        Presence::Optional => "optional",
        Presence::RequiredOrDefault => "required, default",
        Presence::OptionalOrDefault => "optional, default",
        Presence::RequiredOrNow => "required, now",
    }
}

fn rule(rule: &Rule) -> String {
    match rule {
        Rule::Text => "text".into(),
        Rule::TextUpTo(longest) => format!("text, up to {longest} characters"),
        Rule::Name => "name".into(),
        Rule::NameUpTo(longest) => format!("name, up to {longest} characters"),
        Rule::Number(least, most) | Rule::Chars(least, most) => {
            format!("{least} to {most} of `0-9 A-Z a-z _ -`")
        }
        Rule::Length(least, most) => format!("text, {least} to {most} characters"),
        Rule::Time => "RFC 3339 with seconds and offset".into(),
        Rule::Moment => "RFC 3339 with offset".into(),
        Rule::Whole => "whole number, 0 or more".into(),
        Rule::Between(least, most) => format!("whole number, {least} to {most}"),
        Rule::Flag => "true or false".into(),
        Rule::OneOf(values) => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            format!("{}, or a later value", values.join(", "))
        }
        Rule::Url(longest) => format!("`https` address without query, up to {longest} characters"),
        Rule::ImageName => "name of a .jpg, .jpeg or .png file".into(),
        Rule::List(item, longest) => match item {
            Rule::Object(..) => format!("list of 1 to {longest} objects"),
            item => format!("list of 1 to {longest}: {}", self::rule(item)),
        },
        Rule::Object(..) => "object".into(),
    }
}

fn combinations(rules: &[Combination], at: &str, notes: &mut Vec<String>) {
    let name =
        |member: &str| format!("`{}`", if at.is_empty() { member.into() } else { format!("{at}.{member}") });
    let names = |list: &[&str]| list.iter().map(|member| name(member)).collect::<Vec<_>>().join(", ");
    for rule in rules {
        notes.push(match rule {
            Combination::ExactlyOne(list) => format!("exactly one of {}", names(list)),
            Combination::AtLeastOne(list) => format!("at least one of {}", names(list)),
            Combination::Needs(this, that) => format!("{} needs {}", name(this), name(that)),
            Combination::Excludes(this, that) => {
                format!("{} and {} exclude each other", name(this), name(that))
            }
            Combination::NeedsWhen { member, is, at: needed } => {
                format!("{} `{is}` needs {}", name(member), name(&needed[1..].replace('/', ".")))
            }
            Combination::ForbidsWhen { member, is, at: forbidden } => {
                format!("{} `{is}` goes without {}", name(member), name(&forbidden[1..].replace('/', ".")))
            }
            Combination::NotBoth([(this, value), (that, other)]) => {
                format!("{} `{value}` and {} `{other}` exclude each other", name(this), name(that))
            }
            Combination::Before(begin, end) => format!("{} is before {}", name(begin), name(end)),
            Combination::WithinAYear(begin, end) => {
                format!("from {} to {} it is a year at most", name(begin), name(end))
            }
            Combination::Apart(list) => format!("the periods of {} do not overlap", name(list)),
        });
    }
}

fn rows(members: &[Member], at: &str, text: &mut String, notes: &mut Vec<String>) {
    for member in members {
        let name = if at.is_empty() { member.name.into() } else { format!("{at}.{}", member.name) };
        let place = if at.is_empty() { place(member.place) } else { "" };
        writeln!(text, "| `{name}` | {place} | {} | {} |", presence(member.presence), rule(&member.rule))
            .unwrap();
        inside(&member.rule, &name, text, notes);
    }
}

fn inside(rule: &Rule, name: &str, text: &mut String, notes: &mut Vec<String>) {
    match rule {
        Rule::Object(members, rules) => {
            rows(members, name, text, notes);
            combinations(rules, name, notes);
        }
        Rule::List(item, _) => inside(item, &format!("{name}[]"), text, notes),
        _ => {}
    }
}

fn settles(operation: &Operation) -> &'static str {
    match operation.recovery {
        Recovery::NotNeeded => "a question: class 3, never in doubt",
        Recovery::Repeat if operation.short_lived => "repeat; a later repeat asks anew",
        Recovery::Repeat => "repeat",
        Recovery::Query { query, .. } if query.id.ends_with("list") => "repeat, list",
        Recovery::Query { .. } => "repeat, query",
        Recovery::Idempotent => "again",
    }
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n| operation | | when the answer is lost |\n|---|---|---|\n");
    for operation in ALL {
        let (id, title) = (operation.id, operation.title);
        writeln!(text, "| [`{id}`](#{id}) | {title} | {} |", settles(operation)).unwrap();
    }
    for operation in ALL {
        let (id, title) = (operation.id, operation.title);
        write!(text, "\n## {id}\n\n{title}. `{} …{}`", operation.method, operation.path).unwrap();
        if let Some(number) = operation.request_no_member {
            write!(text, ", number `{number}`").unwrap();
        }
        writeln!(text, ". Page {}.", operation.source).unwrap();
        if operation.members.is_empty() {
            continue;
        }
        text.push_str("\n| member | where | | rule |\n|---|---|---|---|\n");
        let mut notes = Vec::new();
        combinations(operation.combinations, "", &mut notes);
        rows(operation.members, "", &mut text, &mut notes);
        if !notes.is_empty() {
            writeln!(text, "\nTogether: {}.", notes.join("; ")).unwrap();
        }
    }
    text
}

#[test]
fn the_page_of_operations_is_the_tables() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let right = document();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &right).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == right,
        "docs/operations.md is not the table's: BLESS=1 cargo test --test operations table::document"
    );
    for family in [&PRODUCT_COUPON, &BUSIFAVOR] {
        let prefixes = [Mode::Partner, Mode::Brand].map(|mode| family.prefix(mode));
        assert!(prefixes.into_iter().flatten().all(|prefix| right.contains(prefix)), "{family:?}");
    }
}
