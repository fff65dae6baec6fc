//! The page in English.

use super::{Ends, Words, names};
use wxcoupon::api::{Combination, Place, Presence, Rule};

pub struct English;

const INTRODUCTION: &str = "# The API

[中文](zh/api.md)

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

impl Words for English {
    fn introduction(&self) -> &'static str {
        INTRODUCTION
    }

    fn operations(&self) -> &'static str {
        "| operation | | when the answer is lost |"
    }

    fn members(&self) -> &'static str {
        "| member | where | | rule |"
    }

    fn place(&self, place: Place) -> &'static str {
        match place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Body => "body",
            Place::Meta => "meta",
            Place::Unsent => "not sent",
            Place::File => "file",
        }
    }

    fn presence(&self, presence: Presence) -> &'static str {
        match presence {
            Presence::Required => "required",
            Presence::Optional => "optional",
            Presence::RequiredOrDefault => "required, default",
            Presence::OptionalOrDefault => "optional, default",
            Presence::RequiredOrNow => "required, now",
        }
    }

    fn rule(&self, rule: &Rule) -> String {
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
                item => format!("list of 1 to {longest}: {}", self.rule(item)),
            },
            Rule::Object(..) => "object".into(),
        }
    }

    fn combination(&self, rule: &Combination, name: &dyn Fn(&str) -> String) -> String {
        match rule {
            Combination::ExactlyOne(list) => format!("exactly one of {}", names(list, ", ", name)),
            Combination::AtLeastOne(list) => format!("at least one of {}", names(list, ", ", name)),
            Combination::Needs(this, that) => format!("{} needs {}", name(this), name(that)),
            Combination::Excludes(this, that) => {
                format!("{} and {} exclude each other", name(this), name(that))
            }
            Combination::NeedsWhen { member, is, at } => {
                format!("{} `{is}` needs {}", name(member), name(&at[1..].replace('/', ".")))
            }
            Combination::ForbidsWhen { member, is, at } => {
                format!("{} `{is}` goes without {}", name(member), name(&at[1..].replace('/', ".")))
            }
            Combination::NotBoth([(this, value), (that, other)]) => {
                format!("{} `{value}` and {} `{other}` exclude each other", name(this), name(that))
            }
            Combination::Before(begin, end) => format!("{} is before {}", name(begin), name(end)),
            Combination::WithinAYear(begin, end) => {
                format!("from {} to {} it is a year at most", name(begin), name(end))
            }
            Combination::Apart(list) => format!("the periods of {} do not overlap", name(list)),
        }
    }

    fn ends(&self, ends: &Ends) -> &'static str {
        match ends {
            Ends::Question => "a question: class 3, never in doubt",
            Ends::ByRepeatOfTheDay => "repeat; a later repeat asks anew",
            Ends::ByRepeat => "repeat",
            Ends::ByList => "repeat, list",
            Ends::ByQuery => "repeat, query",
            Ends::Again => "again",
        }
    }

    fn line(&self, title: &str, call: &str, number: Option<&str>, source: &str) -> String {
        let number = number.map(|number| format!(", number `{number}`")).unwrap_or_default();
        format!("{title}. {call}{number}. Page {source}.")
    }

    fn together(&self, rules: &[String]) -> String {
        format!("Together: {}.", rules.join("; "))
    }
}
